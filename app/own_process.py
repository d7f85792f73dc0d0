"""Child processes that run a module of this very Reelkeep, wherever it was started."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def own_process(module: str, *arguments: object) -> tuple[list[str], dict[str, str]]:
    """Command line and environment of a process that runs *module*.

    Nothing is imported from the folder that it is started in: a card may hold anything.
    """
    here = Path(__file__).parent.parent
    paths = os.pathsep.join(filter(None, [str(here), os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, "-P", "-m", module, *map(str, arguments)]
    return command, {**os.environ, "PYTHONPATH": paths}
