"""Transcodes: whole clips encoded anew, stream by stream, checked, and continued when cut off."""
