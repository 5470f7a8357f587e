"""Counts that refuse a file before anything of it is decoded; one module per kind of file."""
