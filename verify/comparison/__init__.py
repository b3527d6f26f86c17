"""A solution held against its theorem, row by row, and the cosine between tasks against its curve."""
