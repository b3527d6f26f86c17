"""The checks of a comparison, one aspect of the geometry per file."""
