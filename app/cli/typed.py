"""What people type for arguments and options, and what is said when it makes no sense."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click


class Place(click.Path):
    """A file or folder. No name at all is no place, least of all the current folder."""

    def __init__(self, **wanted: Any) -> None:
        super().__init__(path_type=Path, **wanted)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path that was typed."""
        if value == "":
            self.fail("It is empty. Name a file or folder; the current one is a full stop.")
        return super().convert(value, param, ctx)


class Number(click.IntRange):
    """A whole number within limits."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number that was typed."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            limits = f" from {self.min}" if self.min is not None else ""
            limits += f" to {self.max}" if self.max is not None else " on" if limits else ""
            self.fail(f'"{value}" is not a whole number{limits}.', param, ctx)


class Day(click.ParamType):
    """A day such as 2026-11-20."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day that was typed."""
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(f'"{value}" is no day such as 2026-11-20.', param, ctx)
