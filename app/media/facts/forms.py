"""Which files of one name are one recording, in a folder that no camera has laid out.

A camera writes a small version beside its clip, of the same length and timecode; anything else of
that name is a clip of its own. Only files that share a name with another are opened, in a child.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from app.own_process import own_process

PATIENCE = 10.0
"""Seconds that a child may take, and for each file of it `_EACH`."""
_EACH = 0.2
_AT_ONCE = 25
"""Files that one child looks at."""
_MOST_KNOWN = 10_000
_LAST_WORDS = 5.0
"""Seconds that a killed child is waited for."""


class Outline(NamedTuple):
    """What tells two recordings apart."""

    start: str
    """Timecode of the first frame, as text; "" where the file says none."""
    seconds: Fraction
    rate: Fraction

    def is_form_of(self, other: Outline) -> bool:
        """Whether both begin at one timecode and end within a frame of each other."""
        if not self.start or not self.rate or not other.rate:
            return False
        frame = 1 / min(self.rate, other.rate)
        return self.start == other.start and abs(self.seconds - other.seconds) <= frame


_Key = tuple[str, int, int]
_known: dict[_Key, Outline | None] = {}


def recordings(files: Sequence[Path]) -> list[list[Path]]:
    """*files*, with those that are forms of one recording together, in their order."""
    groups: list[list[Path]] = []
    for path in files:
        own = outline_of(path)
        for group in groups:
            first = outline_of(group[0])
            if own is not None and first is not None and own.is_form_of(first):
                group.append(path)
                break
        else:
            groups.append([path])
    return groups


def outline_of(path: Path) -> Outline | None:
    """Of one file; None where it tells nothing. What was asked once is remembered."""
    key = _key(path)
    if key is None:
        return None
    if key not in _known:
        look_at([path])
    return _known.get(key)


def look_at(paths: Iterable[Path]) -> None:
    """Ask all of *paths* that are not known yet, many with one child."""
    keys = {path: key for path in paths if (key := _key(path)) is not None and key not in _known}
    left = list(keys)
    while left:
        some, left = left[:_AT_ONCE], left[_AT_ONCE:]
        told = _told(some)
        if len(_known) + len(some) > _MOST_KNOWN:
            _known.clear()
        for path, outline in zip(some, told, strict=False):
            _known[keys[path]] = outline
        if len(told) < len(some):  # that one hung, or broke the child down
            _known[keys[some[len(told)]]] = None
            left = some[len(told) + 1 :] + left


def _key(path: Path) -> _Key | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return os.fspath(path), facts.st_size, facts.st_mtime_ns


def _told(paths: Sequence[Path]) -> list[Outline | None]:
    """Outlines of the first of *paths*: of all, or up to one that gives no answer."""
    command, environment = own_process("app.media.facts.forms_process")
    child = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    wish = json.dumps([os.fspath(path) for path in paths]).encode()
    lines: list[bytes] = []
    try:
        said, _ = child.communicate(wish, timeout=PATIENCE + _EACH * len(paths))
        lines = said.splitlines()
    except subprocess.TimeoutExpired as late:
        lines = (late.stdout or b"").splitlines()
    finally:
        child.kill()
        with contextlib.suppress(subprocess.TimeoutExpired, ValueError):
            child.communicate(timeout=_LAST_WORDS)
    return [_outline(line) for line in lines]


def _outline(line: bytes) -> Outline | None:
    try:
        start, seconds, rate = json.loads(line)
        return Outline(str(start), Fraction(seconds), Fraction(rate))
    except (TypeError, ValueError):
        return None
