"""A clip for the player, and what it can be played from: the original and its proxies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from app.media.facts.values import ClipFacts
from app.media.play import choice
from app.media.play.film import Film
from app.media.play.sound_frames import ASSUMED
from app.timecode import Timecode

ORIGINAL = "original"
OFFLINE = "original offline"
UNSEEN = "original cannot be shown"
TOO_HEAVY = "original too heavy here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One way in which a clip can be played; all versions have the same frames."""

    film: Film
    label: str
    """`original`, `preview 720`."""
    height: int = 0
    """Pixels, as shown; 0 while not known."""
    online: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerClip:
    """A clip for the player."""

    key: str
    name: str
    versions: tuple[Version, ...]
    """The one to begin with first."""
    start: Timecode | None = None
    files: tuple[Path, ...] = ()
    """Its media: what marks are known by, and what is dragged out when the clip is."""
    stamp: str = ""
    """Another one where its bytes may be others now."""


def start_of(facts: ClipFacts) -> Timecode | None:
    """Where a clip's timecode begins; of sound that tells only the time of day, that."""
    if facts.start is None and facts.since_midnight is not None and not facts.video:
        return Timecode(round(facts.since_midnight * ASSUMED), ASSUMED)
    return facts.start


def instead_of(versions: Iterable[Version], height: int) -> Version | None:
    """What to play for the original on a picture of *height* pixels; None where nothing is."""
    others = {v.label: v for v in versions if v.online and v.label != ORIGINAL}
    known = [choice.Version(name=label, height=v.height) for label, v in others.items()]
    chosen = choice.choose(known, height)
    return others[chosen.name] if chosen is not None else None
