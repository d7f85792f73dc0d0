"""Keeps the machine awake while a job runs, and says so honestly when it cannot.

Linux: a logind inhibitor held by `systemd-inhibit`, a child of ours that ends with us. macOS:
`caffeinate`, tied to our process. Windows: the thread's execution state. Written for macOS and
Windows after their documentation, tried on neither.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import shutil
import subprocess
import sys
import threading
from types import TracebackType
from typing import Self

log = logging.getLogger(__name__)

LOW_BATTERY = 20.0
"""Percent below which a machine on battery is warned about."""
START_SECONDS = 3.0
END_SECONDS = 3.0

_ES_CONTINUOUS = 0x80000000
_ES_SYSTEM_REQUIRED = 0x00000001


class KeepAwake:
    """Holds sleep off while inside `with`; `held` tells whether that works, else `reason` why not.

    Never raises: a machine that may sleep is no reason not to copy.
    """

    def __init__(self, why: str = "Copying film") -> None:
        self._why = why
        self._child: subprocess.Popen[bytes] | None = None
        self._released = threading.Event()
        self._windows: threading.Thread | None = None
        self.reason = "Not asked yet."
        """Why it is not held; "" while it is."""

    @property
    def held(self) -> bool:
        """Whether sleep is held off right now."""
        if self.reason:
            return False
        if self._child is not None and self._child.poll() is not None:
            self.reason = "The program that kept the machine awake has ended."
        return not self.reason

    def __enter__(self) -> Self:
        try:
            self._hold()
        except OSError as error:
            self.reason = f"The machine may fall asleep: {error.strerror or error}."
        if self.reason:
            log.info("The machine is not kept awake: %s", self.reason)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._released.set()
        if self._windows is not None:
            self._windows.join(END_SECONDS)
        if self._child is not None:
            _end(self._child)
        self.reason = "Let go."

    def _hold(self) -> None:
        if sys.platform == "win32":
            self._hold_windows()
        elif sys.platform == "darwin":
            self._start(["caffeinate", "-i", "-w", str(os.getpid())], None)
        else:
            inhibit = ["systemd-inhibit", "--what=sleep:idle", "--mode=block", "--who=Reelkeep"]
            # The child of the inhibitor says "held" once it has the lock, and then waits for
            # the end of its input: that comes when we let go, and also when we are killed.
            says = ["sh", "-c", "echo held; cat >/dev/null"]
            self._start([*inhibit, f"--why={self._why}", *says], b"held")

    def _start(self, command: list[str], answer: bytes | None) -> None:
        program = shutil.which(command[0])
        if program is None:
            self.reason = f"There is no {command[0]} on this machine; it may fall asleep."
            return
        child = subprocess.Popen(
            [program, *command[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if answer else subprocess.DEVNULL,
            stderr=subprocess.PIPE if answer else subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us; we let go in order
        )
        self._child = child
        if answer is None or _first_line(child) == answer:
            self.reason = ""
            return
        told = _end(child).decode("utf-8", "replace").strip().splitlines()
        self._child = None
        self.reason = f"{command[0]} could not keep the machine awake" + (
            f": {told[-1]}" if told else ", it did not answer."
        )

    def _hold_windows(self) -> None:
        """The state belongs to the thread that sets it, so one of our own holds it."""
        ready = threading.Event()
        said: list[int] = []

        def hold() -> None:
            kernel = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
            state = kernel.SetThreadExecutionState(_ES_CONTINUOUS | _ES_SYSTEM_REQUIRED)
            said.append(state)
            ready.set()
            self._released.wait()
            kernel.SetThreadExecutionState(_ES_CONTINUOUS)

        self._windows = threading.Thread(target=hold, name="keep awake", daemon=True)
        self._windows.start()
        ready.wait(START_SECONDS)
        self.reason = "" if said and said[0] else "Windows refused; the machine may fall asleep."


def _first_line(child: subprocess.Popen[bytes]) -> bytes:
    """What the child says first; empty when it ends or stays silent for too long."""
    assert child.stdout is not None
    silent = threading.Timer(START_SECONDS, child.kill)
    silent.start()
    try:
        return child.stdout.readline().strip()
    finally:
        silent.cancel()
        silent.join()


def _end(child: subprocess.Popen[bytes]) -> bytes:
    """End the child and reap it; answers what it said on stderr."""
    if child.stdin:
        with contextlib.suppress(OSError):
            child.stdin.close()
        child.stdin = None
    if sys.platform == "darwin":  # caffeinate does not listen
        child.terminate()
    try:
        _, told = child.communicate(timeout=END_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        _, told = child.communicate()
    return told or b""


def battery_warning() -> str:
    """One sentence when the machine runs on a battery that is low, else ""."""
    import psutil

    sensors = getattr(psutil, "sensors_battery", lambda: None)
    try:
        battery = sensors()
    except (OSError, RuntimeError):
        return ""
    return battery_sentence(battery.percent, bool(battery.power_plugged)) if battery else ""


def battery_sentence(percent: float, plugged: bool) -> str:
    """The warning for a battery at *percent*, "" while nobody needs to act."""
    if plugged or percent >= LOW_BATTERY:
        return ""
    return f"The battery is at {percent:.0f} %. Connect the machine to power before it ends."
