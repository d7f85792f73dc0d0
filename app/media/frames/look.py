"""A clip at a glance: its facts with a small picture, or a strip of them, made in a child process.

The child is kept for the next clip; one that crashes, hangs or takes all memory costs that clip
its picture and nothing else. What was seen is remembered until the file is another one.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from blake3 import blake3

from app.media.facts.probe import CONVERTER
from app.media.facts.values import ClipFacts
from app.own_process import own_process

PATIENCE = 30.0
"""Seconds that the child may take over one clip."""
POSTER = (160, 90)
"""Pixels within which a clip's picture fits."""
STRIP_HEIGHT = 60
"""Pixels of the pictures of a strip."""
_LEAVE = 2.0
"""Seconds that a child which was ended may take to go."""
_MOST = 64 << 20
"""Bytes of an answer; a strip has some 100 kB."""


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
        self._seconds = seconds
        self._child: subprocess.Popen[bytes] | None = None
        self._one = threading.Lock()
        self._closed = False

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
        self._closed = True
        if (child := self._child) is not None:
            child.kill()
        with self._one:
            self._end()

    def _told(self, wish: Mapping[str, object], stamp: str) -> dict[str, Any]:
        name = blake3(json.dumps([sorted(wish.items()), stamp]).encode("utf-8", "surrogatepass"))
        kept = self._memory / f"{name.hexdigest(16)}.json" if self._memory else None
        if kept is not None:
            with contextlib.suppress(OSError, ValueError):
                return dict(json.loads(kept.read_bytes()))
        told = self._asked(wish)
        if kept is not None and "passing" not in told:
            _keep(kept, json.dumps(told).encode())
        return told

    def _asked(self, wish: Mapping[str, object]) -> dict[str, Any]:
        """The child's answer, or why there is none."""
        path = wish["path"]
        with self._one:
            if self._closed:
                return {"fault": f"{path} was not looked at.", "passing": True}
            child = self._child = self._running()
            hung = threading.Event()

            def end_it() -> None:
                hung.set()
                child.kill()

            late = threading.Timer(self._seconds, end_it)
            late.start()
            try:
                line = self._line(child, wish)
            finally:
                late.cancel()
            if line.endswith(b"\n"):
                return dict(json.loads(line))
            self._end()
        return {"fault": _broken(str(path), hung.is_set(), self._seconds), "passing": self._closed}

    @staticmethod
    def _line(child: subprocess.Popen[bytes], wish: Mapping[str, object]) -> bytes:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.stdin.write(json.dumps(wish).encode() + b"\n")
            child.stdin.flush()
            return child.stdout.readline(_MOST)
        except OSError:
            return b""

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._end()
        command, environment = own_process("app.media.frames.look_process")
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_LEAVE)  # one that hangs in a dead drive ends when that does


def along(files: int, count: int) -> list[tuple[int, Fraction]]:
    """So many places in equal steps along files: which one, and where in it, from 0 to 1."""
    places = [Fraction((2 * n + 1) * files, 2 * count) for n in range(count)]
    return [(int(place), place % 1) for place in places]


def _broken(path: str, hung: bool, seconds: float) -> str:
    if hung:
        return f"{path} did not tell what it is within {seconds:.0f} seconds."
    return f"{path} is damaged: the program that read it broke down."


def _keep(path: Path, told: bytes) -> None:
    """What cannot be remembered is looked at again."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(told)
        part.replace(path)
