"""Solvers of the standard form, one a file."""
