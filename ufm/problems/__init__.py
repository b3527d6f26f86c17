"""The models: what is minimized, from label counts to the standard form that the solvers see."""
