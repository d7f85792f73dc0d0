"""Becomes another program that ends when the process that asked for it ends, however it does.

Run as `python -m app.media.ffmpeg.leash PARENT PROGRAM ARGUMENT…`: what is set here outlives the
exec.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

NOT_STARTED = 127
"""Exit code where the program cannot be started, as shells have it."""
_DIE_WITH_PARENT = 1
_NICE = 5
"""The window, and copies, come before pictures."""


def main(arguments: list[str]) -> None:
    """Tie this process to its parent, then be the program."""
    parent, program, *rest = arguments
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != int(parent):
        os._exit(1)  # it is dead already
    os.nice(_NICE)
    if os.name == "posix":  # Python ignores it, and what is ignored outlives the exec
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        os.execv(program, [program, *rest])
    except OSError as error:
        print(error.strerror, file=sys.stderr, flush=True)
        os._exit(NOT_STARTED)


if __name__ == "__main__":
    main(sys.argv[1:])
