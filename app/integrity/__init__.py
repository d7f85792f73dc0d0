"""Hashes, read-back, chain of custody, and the verdict that people act on."""
