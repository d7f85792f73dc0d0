"""Which frames of an original are damaged: asked only where its proxies, or ffmpeg, give cause."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from app.jobs.control import JobControl
from app.media.ffmpeg.process import run_reporting
from app.own_process import own_process

_NAMED = 5
"""Places that are named one by one."""
_LITTLE = 10
"""Of so many frames one may be missing: a film of more held pictures would tell nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """What of a clip cannot be given as it was filmed."""

    frames: tuple[int, ...] = ()
    """Counted from 0, in order: damaged ones, and those that are made from them."""

    def __bool__(self) -> bool:
        return bool(self.frames)

    @property
    def places(self) -> str:
        """`frames 29 to 32 and 40`; at most so many are named."""
        spans = _spans(self.frames)
        names = [f"{first} to {last}" if last > first else str(first) for first, last in spans]
        if len(names) > _NAMED:
            names = [*names[:_NAMED], f"in {len(names) - _NAMED} more places"]
        one = len(self.frames) == 1
        said = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
        return f"frame {said}" if one else f"frames {said}"

    def can_be_held(self, missing: int, frames: int) -> bool:
        """Whether so few of *frames* do not come that those before may be shown in their place.

        In place of the first one there is none.
        """
        return bool(self.frames) and 0 not in self.frames and missing * _LITTLE <= frames


def damage_of(source: Path, control: JobControl) -> Damage:
    """Look at every frame of the clip *source*. Raises JobCancelled."""
    command, environment = own_process("app.media.proxy.damage_process", str(source.absolute()))
    ended = run_reporting(command, control, environment=environment)
    if not ended.whole:
        return Damage()
    return Damage(frames=tuple(json.loads(ended.said["frames"])))


def _spans(frames: tuple[int, ...]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for n in frames:
        if spans and spans[-1][1] == n - 1:
            spans[-1] = (spans[-1][0], n)
        else:
            spans.append((n, n))
    return spans
