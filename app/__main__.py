"""`reelkeep`, and `python -m app`: the window without a command, else the command."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; answers the exit code. Without a command the window opens."""
    from app.cli import run
    from app.jobs.stand_in import WORK_ON_DRIVES, stand_in

    def open_window(profile: Path, screenshot: Path | None, pane: str) -> int:
        """The one place of the engine that knows the window, and only once it is wanted."""
        from ui.application import run as run_window

        return run_window(profile, screenshot=screenshot, pane=pane)

    # A card's rows are many small objects that live long and form no cycles. To look through them
    # again and again took an eighth of an offload.
    gc.set_threshold(50_000, 20, 50)
    given = sys.argv[1:] if arguments is None else arguments
    if arguments is None and WORK_ON_DRIVES.intersection(given):
        return stand_in(lambda: run(given, open_window))
    return run(given, open_window)


if __name__ == "__main__":
    sys.exit(main())
