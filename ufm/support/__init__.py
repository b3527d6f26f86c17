"""Shared support: input checks, tables, memory, threads, whole files."""
