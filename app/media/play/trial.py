"""Tries a clip in a child process before the player's own decoders touch it.

A decoder that crashes takes its whole process along: here that is a child, and the window says
which clip it was. What is tried is the beginning of every track, a key frame in the middle, and the
end of pictures that stand for themselves; of a clip that shows any damage there, all that can be
decoded in some seconds.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from app.errors import MediaFault
from app.media.facts.values import CONVERTER, ClipFacts
from app.media.frames.asked_child import AskedChild, NoAnswer
from app.media.frames.decoder import Abandoned
from app.media.frames.memory import wanted
from app.media.frames.source import FileSource

log = logging.getLogger(__name__)

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
    passing: bool = False
    """Whether that is its drive's fault, and another trial may show one."""
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

    There is one player: a trial that is asked for ends the one before, whose drive may hang. With a
    folder in which they are *kept*, clips that went well are not tried again by later windows.
    """

    def __init__(self, *, seconds: float = PATIENCE, kept: Path | None = None) -> None:
        self._child = AskedChild("app.media.play.trial_process", seconds)
        self._kept = kept
        self._known: dict[tuple[str, str], Tried] = {}
        self._one = threading.Lock()
        self._newest: object = None

    def warm_up(self) -> None:
        """Begin the child, which takes longer than most trials: a clip will be opened soon."""
        with contextlib.suppress(OSError):  # the trial itself will tell
            self._child.warm_up()

    def of(self, path: Path) -> Tried:
        """What a trial of the file *path* shows. Takes its time.

        Raises NotFound for a file that is gone, MediaFault where the child broke down or hung, and
        Abandoned where another one is asked for meanwhile.
        """
        source = FileSource(path)
        key = source.name, source.stamp
        known = self._known.get(key) or self._went_well(source.name, source.stamp)
        if known is not None:
            self._known[key] = known
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
        found = CONVERTER.structure(told, Tried)
        if not found.passing:
            self._known[key] = found
        if found.shown and source.stamp == key[1]:
            self._keep(source.name, key[1], found)
        return found

    def _place(self, name: str) -> Path | None:
        """One for each path, so that a changed clip replaces its own."""
        digest = hashlib.blake2b(os.fsencode(name), digest_size=16).hexdigest()
        return self._kept / f"{digest}.tried" if self._kept is not None else None

    def _went_well(self, name: str, stamp: str) -> Tried | None:
        """What was kept of these very bytes, tried by these very decoders."""
        place = self._place(name)
        if place is None:
            return None
        try:
            decoders, of, heard = json.loads(place.read_text("utf-8"))
        except (OSError, ValueError, TypeError):
            return None
        if (decoders, of) != (av.ffmpeg_version_info, stamp):
            return None
        wanted(place)
        return Tried(heard=bool(heard))

    def _keep(self, name: str, stamp: str, tried: Tried) -> None:
        """Costs time at the next look, and nothing else, where that can't be written."""
        place = self._place(name)
        if place is None:
            return
        part = place.with_suffix(f".{os.getpid()}.part")
        try:
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part.write_text(json.dumps([av.ffmpeg_version_info, stamp, tried.heard]), "utf-8")
            part.replace(place)
        except OSError as error:
            log.info("What the trial of %s showed was not kept: %s", name, error.strerror)
            with contextlib.suppress(OSError):
                part.unlink()

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
