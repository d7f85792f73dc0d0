"""How commands answer: lines for people, JSON lines for scripts."""

from __future__ import annotations

import json
from dataclasses import dataclass

import click


def shown(text: str) -> str:
    """Text for a terminal: a line break or a byte that is no UTF-8 is shown, not sent."""
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    if "\udc80" <= char <= "\udcff":
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What one command says, and to whom."""

    as_json: bool = False

    def say(self, text: str) -> None:
        """A line for people; scripts that asked for JSON do not get it."""
        if not self.as_json:
            click.echo(shown(text))

    def warn(self, text: str) -> None:
        """A line for people beside the output, on stderr."""
        click.echo(shown(text), err=True)

    def event(self, name: str, **facts: object) -> None:
        """A JSON line; people do not get it. Odd names survive, escaped."""
        if self.as_json:
            click.echo(json.dumps({"event": name, **facts}, ensure_ascii=True, default=str))

    def result(self, **facts: object) -> None:
        """The last JSON line."""
        self.event("result", **facts)

    def on_terminal(self) -> bool:
        """Whether a person watches."""
        return not self.as_json and click.get_text_stream("stdout").isatty()
