"""A theorem a file: its name, its hypotheses, its minimizer in closed form."""
