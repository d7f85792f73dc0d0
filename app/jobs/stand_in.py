"""Lets a command end although the kernel keeps its process, because a drive does not answer.

A process cannot end before the last of its calls to a file system has returned, not even when it
is killed; whoever waits for it, a shell or a script, would wait for the drive. So the work is done
by a child, and this process stands in for it: it passes signals on, and ends with the child's exit
code as soon as that is known.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import sys
import time
from collections.abc import Callable

WORK_ON_DRIVES = frozenset({"offload", "jobs", "verify"})
"""Commands that may have to leave a drive behind."""
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if sys.platform == "linux" else ()
_LOOK_SECONDS = 0.2
_LAST_WORDS = 3.0
"""Seconds that a child which has said its exit code gets to end in the usual way."""
_DIE_WITH_PARENT = 1


def stand_in(work: Callable[[], int]) -> int:
    """Have *work* done by a child and answer its exit code; where that is impossible, do it."""
    if sys.platform != "linux":
        return work()
    signals = {*_PASSED_ON, signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    said, say = os.pipe()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(said)
        return _child(work, say, parent)
    os.close(say)
    try:
        return _wait(child, said, signals)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _child(work: Callable[[], int], say: int, parent: int) -> int:
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # it was killed meanwhile
    code = work()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # whoever read them has read enough
            stream.flush()
    # Whoever reads our output waits until the last process has let go of it.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nowhere, number)
    os.write(say, bytes([code & 0xFF]))
    return code


def _wait(child: int, said: int, signals: set[signal.Signals]) -> int:
    code, since = None, 0.0
    while True:
        told = signal.sigtimedwait(signals, _LOOK_SECONDS)
        if told is not None and told.si_signo in _PASSED_ON and told.si_code <= 0:
            os.kill(child, told.si_signo)  # from a process; a terminal tells the child itself
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return _code(status)
        if code is None and select.select([said], [], [], 0)[0]:
            code, since = (os.read(said, 1) or b"\1")[0], time.monotonic()
        if code is not None and time.monotonic() - since > _LAST_WORDS:
            return code


def _code(status: int) -> int:
    """The exit code of a child; ends as it has ended when a signal has killed it."""
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        signal.signal(-code, signal.SIG_DFL) if -code != signal.SIGKILL else None
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {-code})
        os.kill(os.getpid(), -code)
    return code
