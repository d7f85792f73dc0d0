"""A child process that answers one question after another, each in a line of JSON.

Behind the line there may be `bytes`, as many as it says. The child is kept for the next question;
one that crashes, hangs or takes all memory costs that answer and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from collections.abc import Mapping
from typing import Any

from app.own_process import own_process

_LEAVE = 2.0
"""Seconds that a child which was ended may take to go."""
_MOST = 64 << 20
"""Bytes of an answer; a strip of pictures has some 100 kB."""


class NoAnswer(Exception):
    """The child gave none; the text goes on behind the name of what it was asked about."""

    def __init__(self, text: str, *, hung: bool = False) -> None:
        super().__init__(text)
        self.hung = hung
        """Whether it took too long, which may be its drive's fault."""


class AskedChild:
    """Runs *module*, which may take so many *seconds* over each question."""

    def __init__(self, module: str, seconds: float) -> None:
        self._module = module
        self._seconds = seconds
        self._child: subprocess.Popen[bytes] | None = None
        self._spoilt: subprocess.Popen[bytes] | None = None
        self._one = threading.Lock()
        self._closed = False

    def ask(self, wish: Mapping[str, object]) -> dict[str, Any]:
        """The answer to *wish*. Raises NoAnswer."""
        return self.ask_for_bytes(wish)[0]

    def ask_for_bytes(self, wish: Mapping[str, object]) -> tuple[dict[str, Any], bytes]:
        """The answer to *wish*, and the bytes behind it. Raises NoAnswer."""
        with self._one:
            if self._closed:
                raise NoAnswer("was not looked at.")
            child = self._child = self._running()
            hung = threading.Event()

            def end_it() -> None:
                hung.set()
                child.kill()

            late = threading.Timer(self._seconds, end_it)
            late.start()
            try:
                answer = _answer(child, wish)
            finally:
                late.cancel()
            late.join()  # one that fires now ends the child, which must not wait for a question
            if hung.is_set() or answer is None:
                self._end()
            if answer is not None:
                return answer
        if hung.is_set():
            raise NoAnswer(
                f"did not tell what it is within {self._seconds:.0f} seconds.", hung=True
            )
        raise NoAnswer("is damaged: the program that read it broke down.")

    def warm_up(self) -> None:
        """Begin the child now: it loads its libraries while nobody waits for an answer."""
        with self._one:
            if not self._closed:
                self._child = self._running()

    def interrupt(self) -> None:
        """Have a question that is being answered now end at once, without an answer."""
        if self._one.locked() and (child := self._child) is not None:
            self._spoilt = child
            child.kill()

    def close(self) -> None:
        """Answer nothing more; a question that is being answered ends at once."""
        self._closed = True
        if (child := self._child) is not None:
            child.kill()
        with self._one:
            self._end()

    def _running(self) -> subprocess.Popen[bytes]:
        alive = self._child is not None and self._child.poll() is None
        if self._child is not None and alive and self._child is not self._spoilt:
            return self._child
        self._end()
        command, environment = own_process(self._module)
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


def _answer(
    child: subprocess.Popen[bytes], wish: Mapping[str, object]
) -> tuple[dict[str, Any], bytes] | None:
    """None where there is none, or not all of it."""
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(json.dumps(wish).encode() + b"\n")
        child.stdin.flush()
        line = child.stdout.readline(_MOST)
        if not line.endswith(b"\n"):
            return None
        told = dict(json.loads(line))
        size = int(told.get("bytes", 0))
        data = child.stdout.read(size) if size else b""
    except OSError:
        return None
    return (told, data) if len(data) == size else None
