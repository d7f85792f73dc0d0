"""How a watch folder stands: an immutable picture that anyone may take at any time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.jobs.spec import JobId


@dataclass(frozen=True, slots=True, kw_only=True)
class InHand:
    """One product that is being made, or waits for its turn."""

    file: str
    """The path below the raw folder."""
    product: str
    job: JobId


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One product that could not be made."""

    file: str
    """The path below the raw folder."""
    product: str
    """`probe` for a file that is no clip, `parts` for a clip that lacks some of its files."""
    words: str
    """Why, in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchState:
    """One watch folder at one moment."""

    root: Path
    running: bool = False
    elsewhere: bool = False
    """Another program watches it."""
    polled: bool = False
    """Its mount gives no notice: it is looked at now and then."""
    there: int = 0
    """Clips below the raw folder, at the last look."""
    changes: int = 0
    """How often others lay there, or other bytes in them, than at the look before."""
    growing: int = 0
    """Clips that are not finished yet."""
    awaited: str = ""
    """The first of them, by its path below the raw folder."""
    lacks: str = ""
    """Files of that one that are missing, and may still come."""
    waiting: int = 0
    """Finished clips that wait for their turn."""
    in_hand: tuple[InHand, ...] = ()
    done: int = 0
    """Products that were made, since ever."""
    failures: tuple[Failure, ...] = ()
    """What could not be made of clips that are still there, as they were then."""
    left_out: int = 0
    """Files that are no clips."""
    trouble: str = ""
    """Why nothing can be done at the moment, in one sentence."""
