"""The problem and the point as verification reads them; nothing here is shared with the solvers."""
