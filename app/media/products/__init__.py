"""What all that is made out of clips has in common: its lane, its names, and how it is written."""

LANE = "media"
"""What keeps the processors busy; such jobs run one after the other, beside copies."""
