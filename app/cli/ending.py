"""How a call ends: every outcome as an exit code and, where needed, one sentence."""

from __future__ import annotations

import errno
import json
import logging
import os
import sys
import traceback
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
    calls: list[click.Context] = []
    try:
        return _call(arguments, open_window, calls)
    except BrokenPipeError:  # whoever read our output has read enough
        _drop_output()
        return Ending.FAILED
    except (Exception, KeyboardInterrupt) as error:
        known = calls[0].find_object(Invocation) if calls else None
        code, sentence = _said_of(error, known or Invocation(), arguments)
        if "--json" in arguments:
            _answer_json(code, sentence, error)
        return code


def _call(arguments: list[str], open_window: OpenWindow, calls: list[click.Context]) -> int:
    """Like click's own main, which would end the process; *calls* learns of the context."""
    try:
        context = reelkeep.make_context(
            "reelkeep", arguments.copy(), obj=Invocation(open_window=open_window)
        )
        calls.append(context)
        with context:
            answer = reelkeep.invoke(context)
    except click.exceptions.Exit as ending:
        return ending.exit_code
    return answer if isinstance(answer, int) else Ending.DONE


def _said_of(error: BaseException, known: Invocation, arguments: list[str]) -> tuple[Ending, str]:
    """Say in one sentence how it ended; answers that sentence and the exit code."""
    if isinstance(error, click.ClickException):
        error.show()
        return Ending.REFUSED, error.format_message()
    if isinstance(error, ReelkeepError):
        _say(f"{error.title}: {error}")
        return Ending.REFUSED if isinstance(error, Refusal) else Ending.FAILED, str(error)
    if isinstance(error, click.Abort | JobCancelled | KeyboardInterrupt):
        _say("Cancelled.")
        return Ending.CANCELLED, "Cancelled."
    if isinstance(error, OSError) and (place := _place_named(error, arguments)):
        sentence = f"{place} cannot be looked at: {error.strerror}."
        _say(sentence)
        return Ending.REFUSED, sentence
    return Ending.FAILED, _internal_error(error, known)


def _place_named(error: OSError, arguments: list[str]) -> str:
    """The path that the system did not like, if it is one that was typed; else ""."""
    if not isinstance(error.filename, str) or not error.strerror:
        return ""
    found = os.path.abspath(error.filename)  # noqa: PTH100 - links are kept as they are
    for text in arguments:
        place = os.path.abspath(os.path.expanduser(text))  # noqa: PTH100, PTH111
        too_long = error.errno == errno.ENAMETOOLONG and found.startswith(place + os.sep)
        if found == place or too_long:
            return place
    return ""


def _say(sentence: str) -> None:
    click.echo(shown(sentence), err=True)


def _answer_json(code: Ending, sentence: str, error: BaseException) -> None:
    """Scripts that asked for JSON get the result as JSON too, also when it is an error."""
    facts: dict[str, Any] = {"event": "result", "ok": False, "exit_code": int(code)}
    facts["error"] = sentence
    if isinstance(error, ReelkeepError):
        facts |= {"title": error.title, "hint": error.hint, "device": error.device}
        facts["path"] = None if error.path is None else str(error.path)
    click.echo(json.dumps(facts))


def _drop_output() -> None:
    """Keep Python from complaining about the broken pipe once more when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _internal_error(error: BaseException, known: Invocation) -> str:
    """Write a bug of ours to the log, whole; answer the sentence that was said."""
    place = ""
    try:
        with known.logged() as settings:
            log.error("Internal error", exc_info=error)
            place = str(known.log_directory(settings))
    except Exception:  # the log itself is out of reach: then stderr has to do
        traceback.print_exception(error)
    sentence = f"Internal error ({type(error).__name__}), see the log {place}".strip()
    _say(sentence)
    return sentence
