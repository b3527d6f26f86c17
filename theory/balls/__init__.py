"""The minima of the closed forms, enclosed in ball arithmetic."""
