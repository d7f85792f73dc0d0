"""Everything that looks inside a clip."""
