"""One theorem per file: its name, its hypotheses, its minimizer in closed form."""
