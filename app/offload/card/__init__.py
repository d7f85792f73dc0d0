"""The card: looked at, watched over, read, and never written to."""
