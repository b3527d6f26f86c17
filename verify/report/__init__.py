"""What every page is made of, whatever it tells: blocks, tables, figures, numbers, style."""
