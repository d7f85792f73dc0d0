"""Offload: cards to several drives in one read, every byte proven."""
