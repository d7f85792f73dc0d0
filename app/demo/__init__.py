"""Trial material: cards, drives and a profile to try Reelkeep with, made by ffmpeg.

Each part of the product adds its own `Part`. Material is made once: what is there already is kept,
what an interrupted run left out is made.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.errors import DestinationFull, PlanRefused, WriteFailed

MARKER = ".reelkeep-demo.json"
EDITION = 1
"""Raised when material of an older edition no longer serves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing of the trial material."""

    key: str
    title: str
    """For people: "Card A003, ARRI ALEXA Mini"."""
    make: Callable[[Path, str], None]
    """Makes it in the folder of the material, with this ffmpeg; may run again after a failure."""


def parts() -> tuple[Part, ...]:
    """Everything there is, in the order in which it is made."""
    from app.demo.arri_card import ARRI_CARD
    from app.demo.sound_card import SOUND_CARD
    from app.demo.workplace import WORKPLACE

    return (ARRI_CARD, SOUND_CARD, WORKPLACE)


def make_material(
    directory: Path, ffmpeg: str, tell: Callable[[Part, bool], object] = lambda _part, _made: None
) -> tuple[Path, ...]:
    """Make what is missing in *directory*; answers the cards.

    *tell* hears of each part, and whether it was made now. PlanRefused when the folder holds
    something else; nothing of another's is ever touched.
    """
    done = _already(directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _remember(directory, done)
        for part in parts():
            made = part.key not in done
            if made:
                part.make(directory, ffmpeg)
                done.append(part.key)
                _remember(directory, done)
            tell(part, made)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DestinationFull(f"No room for the trial material in {directory}.") from error
        raise WriteFailed(
            f"The trial material could not be written to {directory}: {error.strerror}.",
            path=directory,
            hint="Choose another folder.",
        ) from error
    return tuple(sorted(path for path in (directory / "cards").iterdir() if path.is_dir()))


def _already(directory: Path) -> list[str]:
    """Keys of the parts that are there; PlanRefused for a folder that is not ours."""
    try:
        kept = json.loads((directory / MARKER).read_text("utf-8"))
        if kept["edition"] == EDITION:
            return [str(key) for key in kept["parts"]]
        raise PlanRefused(
            f"{directory} holds trial material of another edition.",
            path=directory,
            hint="Remove the folder, or name another one.",
        )
    except NotADirectoryError as error:
        raise PlanRefused(f"{directory} is not a folder.", path=directory) from error
    except (FileNotFoundError, ValueError, KeyError, TypeError) as error:
        if directory.is_dir() and any(directory.iterdir()):
            raise PlanRefused(
                f"{directory} is not empty, and what is in it is no trial material.",
                path=directory,
                hint="Name an empty or a new folder.",
            ) from error
        return []


def _remember(directory: Path, done: list[str]) -> None:
    partial = directory / f"{MARKER}.partial"
    partial.write_text(json.dumps({"edition": EDITION, "parts": done}), "utf-8")
    partial.replace(directory / MARKER)
