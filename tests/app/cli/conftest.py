"""The command line as scripts see it: arguments in; exit code, lines and JSON out."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from app.cli import run


@dataclass(kw_only=True)
class Answer:
    """What one call of the program gave."""

    code: int
    out: str
    err: str
    windows: list[tuple[Path, Path | None, str]] = field(default_factory=list)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def result(self) -> dict[str, Any]:
        return self.events[-1]


@pytest.fixture
def profile(tmp_path) -> Path:
    return tmp_path / "profile"


@pytest.fixture
def reelkeep(profile, capsys, monkeypatch):
    """Runs a command line on a profile of its own."""
    monkeypatch.setenv("REELKEEP_PROFILE", str(profile))

    def call(*arguments: object) -> Answer:
        windows: list[tuple[Path, Path | None, str]] = []

        def open_window(profile: Path, screenshot: Path | None, pane: str) -> int:
            windows.append((profile, screenshot, pane))
            return 0

        capsys.readouterr()
        code = run([str(argument) for argument in arguments], open_window)
        out, err = capsys.readouterr()
        return Answer(code=code, out=out, err=err, windows=windows)

    return call
