"""A solution compared with its theorem, row by row, and the cosine between tasks with its curve."""
