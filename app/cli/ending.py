"""How a call ends: every outcome as an exit code and, where needed, one sentence."""

from __future__ import annotations

import json
import logging
import sys
from enum import IntEnum
from typing import Any

import click

from app.cli.group import reelkeep
from app.cli.invocation import Invocation, OpenWindow
from app.cli.output import shown
from app.errors import JobCancelled, ReelkeepError, Refusal

log = logging.getLogger(__name__)


class Ending(IntEnum):
    """The exit codes; scripts depend on them."""

    DONE = 0
    FAILED = 1
    REFUSED = 2
    CANCELLED = 130


def ended(arguments: list[str], open_window: OpenWindow) -> int:
    """Run the command and answer its exit code."""
    invocation = Invocation(open_window=open_window)
    try:
        answer = reelkeep.main(
            arguments, prog_name="reelkeep", standalone_mode=False, obj=invocation
        )
    except click.ClickException as error:
        error.show()
        return _told(arguments, Ending.REFUSED, error.format_message())
    except ReelkeepError as error:
        code = Ending.REFUSED if isinstance(error, Refusal) else Ending.FAILED
        _say(f"{error.title}: {error}")
        return _told(arguments, code, str(error), error)
    except (click.Abort, JobCancelled, KeyboardInterrupt):
        _say("Cancelled.")
        return _told(arguments, Ending.CANCELLED, "Cancelled.")
    except Exception:
        return _told(arguments, Ending.FAILED, _internal_error(invocation))
    return answer if isinstance(answer, int) else Ending.DONE


def _say(sentence: str) -> None:
    click.echo(shown(sentence), err=True)


def _told(
    arguments: list[str], code: Ending, sentence: str, error: ReelkeepError | None = None
) -> int:
    """Scripts that asked for JSON get the result as JSON too, also when it is an error."""
    if "--json" in arguments:
        facts: dict[str, Any] = {"event": "result", "ok": False, "exit_code": int(code)}
        facts["error"] = sentence
        if error is not None:
            facts |= {"title": error.title, "hint": error.hint, "device": error.device}
            facts["path"] = None if error.path is None else str(error.path)
        click.echo(json.dumps(facts))
    return int(code)


def _internal_error(invocation: Invocation) -> str:
    """Write a bug of ours to the log, whole; answer the sentence that was said."""
    try:
        with invocation.logged():
            log.exception("Internal error")
        place = str(invocation.log_directory(invocation.settings()))
    except Exception:
        log.exception("Internal error, and the log could not be written")
        place = ""
    kind = sys.exc_info()[0]
    name = kind.__name__ if kind else "unknown"
    sentence = f"Internal error ({name}), see the log {place}".strip()
    _say(sentence)
    return sentence
