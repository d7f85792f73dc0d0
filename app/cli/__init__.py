"""The command line: one file per command, loaded when it is called.

Exit codes: 0 all that was asked is done; 1 done, but something failed or differs; 2 bad usage or
refused; 130 cancelled.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from app.cli.invocation import OpenWindow

__all__ = ["run"]


def run(arguments: Sequence[str], open_window: OpenWindow) -> int:
    """Run one command line to its end and answer the exit code; nothing escapes but bugs of ours.

    Even those are written to the log whole, and said in one sentence.
    """
    from app.cli.ending import ended

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a name that is no UTF-8 is shown, it does not crash
            stream.reconfigure(errors="backslashreplace")
    return ended(list(arguments), open_window)
