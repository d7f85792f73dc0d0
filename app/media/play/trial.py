"""Tries a clip in a child process before the player's own decoders touch it.

A decoder that crashes takes its whole process along: here that is a child, and the window says
which clip it was. What is tried is the beginning of every track, a key frame in the middle, and the
end of pictures that stand for themselves; of a clip that shows any damage there, all that can be
decoded in some seconds.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import MediaFault
from app.media.facts.values import CONVERTER, ClipFacts
from app.media.frames.asked_child import AskedChild, NoAnswer
from app.media.frames.decoder import Abandoned
from app.media.frames.source import FileSource

PATIENCE = 30.0
"""Seconds that the child may take over one file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What a trial has shown of one file."""

    shown: bool = True
    """Whether a picture of it can be shown here."""
    heard: bool = False
    """Whether there is sound that can be heard here."""
    fault: str = ""
    """Why no picture is shown, in one sentence that names the file."""
    facts: ClipFacts | None = None
    """What it tells of itself, where no picture is shown."""

    @property
    def raw(self) -> str:
        """The codec that nobody here decodes, for people; "" where that is not the trouble."""
        track = self.facts.picture if self.facts is not None else None
        undecodable = track is not None and not track.decodable
        return (track.codec_name or track.codec) if track is not None and undecodable else ""


class Trial:
    """One child for all clips of a window; what was tried is not tried again.

    There is one player: a trial that is asked for ends the one before, whose drive may hang.
    """

    def __init__(self, *, seconds: float = PATIENCE) -> None:
        self._child = AskedChild("app.media.play.trial_process", seconds)
        self._known: dict[tuple[str, str], Tried] = {}
        self._one = threading.Lock()
        self._newest: object = None

    def of(self, path: Path) -> Tried:
        """What a trial of the file *path* shows. Takes its time.

        Raises NotFound for a file that is gone, MediaFault where the child broke down or hung, and
        Abandoned where another one is asked for meanwhile.
        """
        source = FileSource(path)
        key = source.name, source.stamp
        if (known := self._known.get(key)) is not None:
            return known
        mine = self._newest = object()
        self._child.interrupt()
        with self._one:
            try:
                told = self._child.ask({"path": source.name}) if self._newest is mine else None
            except NoAnswer as none:
                if self._newest is mine:
                    raise _broken(source, none) from none
                told = None
        if told is None:
            raise Abandoned
        self._known[key] = CONVERTER.structure(told, Tried)
        return self._known[key]

    def close(self) -> None:
        """Try nothing more; a trial under way ends at once."""
        self._child.close()


def _broken(source: FileSource, none: NoAnswer) -> MediaFault:
    again = "Look whether its drive answers, and open it again."
    hint = again if none.hung else "Copy it again from its card or from another copy."
    return MediaFault(f"{source.name} {none}", path=source.path, hint=hint)


def tried_as_plain(tried: Tried) -> dict[str, Any]:
    """The child's answer."""
    return dict(CONVERTER.unstructure(tried))
