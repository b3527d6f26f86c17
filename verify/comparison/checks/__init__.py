"""What a comparison checks, one aspect of the geometry a file."""
