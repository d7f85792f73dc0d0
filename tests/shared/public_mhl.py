"""The public ascmhl tool as a judge, by its own commands, in this process.

Its program begins with a question to a server whether there is a newer one, and waits for it.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path

from ascmhl import commands, logger
from click.testing import CliRunner


def ascmhl(command: str, *arguments: str | Path) -> tuple[int, str]:
    """What a command of the tool exits with, and everything that it says."""
    logger.verbose_logging = logger.debug_logging = False  # a command before may have asked for it
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done = CliRunner().invoke(getattr(commands, command), [os.fspath(a) for a in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        return done.exit_code, f"{done.output}{done.exception!r}"
    return done.exit_code, done.output
