"""The engine of Reelkeep: everything that touches cards, drives and tapes, without a window."""
