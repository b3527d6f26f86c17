"""What every part leans on and no part is about: checks of input, tables, memory, threads, whole files."""
