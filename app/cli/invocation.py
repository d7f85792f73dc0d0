"""What every command knows of the call it is part of: profile, settings, log, how to answer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import click

from app.paths import Profile
from app.settings import Settings


class OpenWindow(Protocol):
    """Opens the window and answers its exit code once it is closed."""

    def __call__(self, profile: Path, screenshot: Path | None, pane: str) -> int:
        """Open it on *profile*; with *screenshot* draw it there without a display and close."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One call of the program."""

    profile: Profile = field(default_factory=Profile.at)
    open_window: OpenWindow | None = None

    def settings(self, overrides: Mapping[str, object] | None = None) -> Settings:
        """The settings, with what the command line says on top; what is unknown is told."""
        settings = Settings.load(self.profile.settings_file, overrides=overrides)
        for warning in settings.warnings:
            click.echo(warning, err=True)
        return settings

    @contextlib.contextmanager
    def logged(self, settings: Settings | None = None) -> Iterator[Settings]:
        """While inside, everything is logged where the settings say."""
        from app.log import start_log, stop_log

        known = settings or self.settings()
        self.profile.create()
        handler = start_log(
            self.log_directory(known),
            max_size=known.get("log.max_size"),
            keep=known.get("log.keep"),
        )
        try:
            yield known
        finally:
            stop_log(handler)

    def log_directory(self, settings: Settings) -> Path:
        """Where the log lies."""
        return settings.path("log.directory") or self.profile.log_directory


def this_invocation() -> Invocation:
    """The call that is going on; a command run alone has the person's own profile."""
    context = click.get_current_context()
    return context.find_object(Invocation) or Invocation()
