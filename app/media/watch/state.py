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
class WatchState:
    """One watch folder at one moment."""

    root: Path
    running: bool = False
    polled: bool = False
    """Its mount gives no notice: it is looked at now and then."""
    growing: int = 0
    """Files that are not finished yet."""
    waiting: int = 0
    """Finished files that wait for their turn."""
    in_hand: tuple[InHand, ...] = ()
    done: int = 0
    """Products that were made, since ever."""
    failed: int = 0
    left_out: int = 0
    """Files that are no clips."""
    trouble: str = ""
    """Why nothing can be done at the moment, in one sentence."""
