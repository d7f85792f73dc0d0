"""Pictures, fonts, sounds, colours and templates, found by `resources.ROOT`."""

from pathlib import Path

ROOT = Path(__file__).parent
"""The folder all of it lies in."""
