"""The parts of every page: blocks, tables, figures, numbers, style."""
