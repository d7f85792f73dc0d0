"""Proxies of clips, frame for frame: made, checked, kept."""
