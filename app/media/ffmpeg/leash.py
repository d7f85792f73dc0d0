"""Becomes another program that ends when the process that asked for it ends, however it does.

Run as `python -m app.media.ffmpeg.leash PARENT PROGRAM ARGUMENT…`: what is set here outlives the
exec.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

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
    os.execv(program, [program, *rest])


if __name__ == "__main__":
    main(sys.argv[1:])
