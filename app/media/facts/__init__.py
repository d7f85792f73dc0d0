"""What a clip tells of itself: containers, headers, sidecars, and the clip out of its files."""
