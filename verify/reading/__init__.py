"""The problem and the point, read a second time: nothing here is shared with the solvers."""
