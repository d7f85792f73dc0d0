"""Cards: recognised by the structure on them, never by a label."""

from app.places.cards.card import Card, Clip, Finding, FindingKind

__all__ = ["Card", "Clip", "Finding", "FindingKind"]
