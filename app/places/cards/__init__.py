"""Cards: recognised by the structure on them, never by a label."""

from app.places.cards.candidates import CandidateCard, candidate_cards, looks_like_card
from app.places.cards.card import Card, Clip, Finding, FindingKind
from app.places.cards.identity import CardIdentity, difference, identity_of, same_card
from app.places.cards.recognise import recognise
from app.places.cards.rolls import SeenRoll, compare_rolls, seen_roll

__all__ = [
    "CandidateCard",
    "Card",
    "CardIdentity",
    "Clip",
    "Finding",
    "FindingKind",
    "SeenRoll",
    "candidate_cards",
    "compare_rolls",
    "difference",
    "identity_of",
    "looks_like_card",
    "recognise",
    "same_card",
    "seen_roll",
]
