"""A file on its way from the card to its drives: read once, written, proven, named."""
