"""A clip at a glance: its facts with a small picture, or a strip of them, made in a child process.

The child is kept for the next clip; one that crashes, hangs or takes all memory costs that clip
its picture and nothing else. What was seen is remembered until the file is another one.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from blake3 import blake3

from app.media.facts.probe import CONVERTER
from app.media.facts.values import ClipFacts
from app.media.frames.asked_child import AskedChild, NoAnswer
from app.media.frames.memory import wanted
from app.places.online import is_online

PATIENCE = 30.0
"""Seconds that the child may take over one clip."""
POSTER = (160, 90)
"""Pixels within which a clip's picture fits."""
_GENERATION = 4
"""Grows when looks see more than before, so that they are taken anew."""
STRIP_HEIGHT = 60
"""Pixels of the pictures of a strip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look at a clip has shown."""

    facts: ClipFacts | None = None
    poster: bytes = b""
    """A small JPEG out of the middle of the clip; empty where there is no picture."""
    fault: str = ""
    """One sentence that names the file, where it is no clip or a damaged one."""


class Looker:
    """Looks at clips, one after the other, and remembers what it saw in *memory*."""

    def __init__(self, memory: Path | None = None, *, seconds: float = PATIENCE) -> None:
        self._memory = memory
        self._child = AskedChild("app.media.frames.look_process", seconds)

    def look(self, path: Path, stamp: str, poster: Path | None = None) -> Look:
        """Facts and poster of the clip *path*, as it is with *stamp*. Takes its time.

        *poster* is the file that the picture is taken from, where it is another one.
        """
        told = self._told({"kind": "clip", "path": str(path), "poster": str(poster or path)}, stamp)
        facts = told.get("facts")
        return Look(
            facts=CONVERTER.structure(facts, ClipFacts) if facts else None,
            poster=base64.b64decode(told.get("poster", "")),
            fault=str(told.get("fault", "")),
        )

    def poster(self, path: Path, stamp: str) -> bytes:
        """The same small JPEG of one file, a proxy for instance, as it is with *stamp*.

        Empty where it has no picture.
        """
        told = self._told({"kind": "poster", "path": str(path)}, stamp)
        return base64.b64decode(told.get("poster", ""))

    def strip(self, files: Sequence[Path], stamp: str, count: int) -> tuple[bytes, ...]:
        """*count* small JPEGs of key frames along the clip that *files* are, in order.

        None where it has no picture.
        """
        places = along(len(files), count)
        wish = {
            "kind": "strip",
            "path": str(files[0]),
            "places": [(str(files[n]), str(place)) for n, place in places],
        }
        told = self._told(wish, stamp)
        return tuple(base64.b64decode(one) for one in told.get("pictures", ()))

    def close(self) -> None:
        """Look at nothing more; a look under way ends at once, as a fault."""
        self._child.close()

    def _told(self, wish: Mapping[str, object], stamp: str) -> dict[str, Any]:
        asked = json.dumps([_GENERATION, sorted(wish.items()), stamp])
        name = blake3(asked.encode("utf-8", "surrogatepass"))
        kept = self._memory / f"{name.hexdigest(16)}.json" if self._memory else None
        if kept is not None:
            with contextlib.suppress(OSError, ValueError):
                known = dict(json.loads(kept.read_bytes()))
                wanted(kept)
                return known
        try:
            told = self._child.ask(wish)
        except NoAnswer as none:  # said once, and not remembered
            return {"fault": f"{wish['path']} {none}"}
        if kept is None or told.get("passing"):  # its drive may be mended
            return told
        if is_online(Path(str(wish["path"]))):  # else it may come back
            _keep(kept, json.dumps(told).encode())
        return told


def along(files: int, count: int) -> list[tuple[int, Fraction]]:
    """So many places in equal steps along files: which one, and where in it, from 0 to 1."""
    places = [Fraction((2 * n + 1) * files, 2 * count) for n in range(count)]
    return [(int(place), place % 1) for place in places]


def _keep(path: Path, told: bytes) -> None:
    """What cannot be remembered is looked at again."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(told)
        part.replace(path)
