"""Programs of other makers that show what nobody here can decode, by the settings.

A program is called for one clip and writes pictures to its standard output, in a form that tells
what it is: Y4M, or one PNG or PPM after the other. Its time and what is read of it are bounded,
and it is gone, with all that it started, when the answer is there.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.errors import BadInput, MediaFault
from app.media.facts.row import ending
from app.media.facts.values import CONVERTER, VideoTrack
from app.own_process import own_process

log = logging.getLogger(__name__)

SETTING = "media.external_decoders"
PATIENCE = 60.0
"""Seconds that a program may take to give its first picture."""
_PLACES = re.compile(r"\{(file|first|frames)\}")
_LAST_WORDS = 5.0
"""Seconds in which a program that gave nothing may end by itself, and say why."""
_MOST_SAID = 4000
"""Bytes of the end of what a program complains that are kept."""


@dataclass(frozen=True, slots=True)
class ExternalDecoder:
    """A program for the files of one extension."""

    words: tuple[str, ...]
    """Program and arguments, with `{file}`, and maybe `{first}` and `{frames}`, in them."""

    @property
    def name(self) -> str:
        """For people: the program without its folder."""
        return Path(self.words[0]).name

    @property
    def takes_first(self) -> bool:
        """Whether it can be told with which picture to begin."""
        return any("{first}" in word for word in self.words)

    def command(self, file: Path, first: int = 0, frames: int = 1) -> list[str]:
        """What is run for *frames* pictures of *file* from number *first* (counted from 0) on."""
        values = {"file": os.fspath(file.absolute()), "first": str(first), "frames": str(frames)}
        return [_PLACES.sub(lambda found: values[found[1]], word) for word in self.words]


def decoder_for(path: Path, table: Mapping[str, str]) -> ExternalDecoder | None:
    """The program that the settings name for files such as *path*; None where they name none.

    Raises BadInput where its command makes no sense.
    """
    ext = ending(path.name)
    line = next((said for key, said in table.items() if key.lower().lstrip(".") == ext), None)
    if line is None:
        return None
    try:
        words = tuple(shlex.split(line))
    except ValueError as error:
        raise BadInput(f"{SETTING}: the command for {ext} has an open quote: {line}") from error
    if not any("{file}" in word for word in words[1:]):
        raise BadInput(
            f"{SETTING}: the command for {ext} does not say where the file goes: {line}",
            hint="E.g. r3d = program {file}",
        )
    return ExternalDecoder(words)


def first_picture(decoder: ExternalDecoder, path: Path, *, seconds: float = PATIENCE) -> VideoTrack:
    """What the first picture of *path* is like, as *decoder* shows it.

    Raises MediaFault that names both where it shows none.
    """
    program = started(decoder, path)
    assert program.stderr is not None
    tail = LastWords(program.stderr)
    command, environment = own_process("app.media.facts.external_process")
    answer, patience = b"", _LAST_WORDS
    try:
        answer = subprocess.run(
            command,
            stdin=program.stdout,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=seconds,
            check=False,
        ).stdout
    except subprocess.TimeoutExpired as error:
        patience = 0
        raise MediaFault(
            f"{decoder.name} gave no picture of {path} within {seconds:.0f} seconds.", path=path
        ) from error
    finally:
        code = ended(program, 0 if answer else patience)
    if not answer:
        raise MediaFault(f"{decoder.name} gave no picture of {path}.{tail.said(code)}", path=path)
    return CONVERTER.structure(json.loads(answer), VideoTrack)


def started(
    decoder: ExternalDecoder, path: Path, first: int = 0, frames: int = 1
) -> subprocess.Popen[bytes]:
    """The program at work on *frames* pictures of *path*; to be `ended`. Raises MediaFault.

    It ends when this process does, however that ends.
    """
    command = decoder.command(path, first, frames)
    try:
        return subprocess.Popen(
            _leashed(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # so that all that it starts can be ended with it
        )
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise MediaFault(
            f"{command[0]}, which the settings name for {path}, does not start: {words}.",
            path=path,
        ) from error


def _leashed(command: list[str]) -> list[str]:
    """*command*, tied to this process where the system can do that."""
    found = shutil.which(command[0])
    if sys.platform != "linux" or found is None:  # what isn't there is said at its start
        return command
    return own_process("app.media.ffmpeg.leash", os.getpid(), found, *command[1:])[0]


def ended(program: subprocess.Popen[bytes], patience: float) -> int | None:
    """End a program and all that it started; its exit code where it ended by itself."""
    if program.stdout is not None:
        program.stdout.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        program.wait(patience)
    code = program.poll()
    with contextlib.suppress(OSError):
        if os.name == "posix":
            os.killpg(program.pid, signal.SIGKILL)
        else:
            program.kill()
    try:
        program.wait(_LAST_WORDS)
    except subprocess.TimeoutExpired:  # the kernel keeps it: a drive is silent
        log.warning("%s (%s) could not be ended yet", program.args, program.pid)
    return code


class LastWords:
    """Reads what a program complains of, so that it is never held up, and keeps the end."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._kept = b""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._pipe, contextlib.suppress(OSError, ValueError):
            while more := self._pipe.read1(_MOST_SAID):  # type: ignore[attr-defined]
                self._kept = (self._kept + more)[-_MOST_SAID:]

    def said(self, code: int | None) -> str:
        """How it ended, and the last line that says anything; "" where there is neither."""
        self._thread.join(_LAST_WORDS)
        lines = self._kept.decode("utf-8", "replace").splitlines()
        line = next((line.strip() for line in reversed(lines) if line.strip()), "")
        so = f" It ended with {code}." if code and code > 0 else ""
        return so + (f' It said: "{line}"' if line else "")
