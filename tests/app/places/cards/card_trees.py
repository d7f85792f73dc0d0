"""Cards made of real files out of the descriptions in fixtures/."""

import json
import os
import random
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parent / "fixtures"


def fixture_names() -> list[str]:
    return sorted(path.stem for path in FIXTURES.glob("*.json"))


def load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    return found


def write(root: Path, path: str, what: int | str | bytes, at: str = "2026-11-20T12:00:00Z") -> Path:
    """A file of random bytes of a size, or of the text given, with its time."""
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(what, int):
        what = random.Random(path.encode("utf-8", "surrogateescape")).randbytes(what)
    target.write_bytes(what.encode() if isinstance(what, str) else what)
    moment = datetime.fromisoformat(at).timestamp()
    os.utime(target, (moment, moment))
    return target


def build(name: str, parent: Path, change: Callable[[str], str] = lambda path: path) -> Path:
    """The card of a fixture below *parent*, under its label; *change* renames every path."""
    described = load(name)
    root = parent / described["label"]
    root.mkdir(parents=True)
    for folder in described["folders"]:
        (root / change(folder)).mkdir(parents=True, exist_ok=True)
    for path, what, at in described["tree"]:
        write(root, change(path), what, at)
    return root


def expanded(paths: Sequence[str]) -> tuple[str, ...]:
    """Paths with `{0001..0003}` written out."""
    found: list[str] = []
    for path in paths:
        match = re.search(r"\{(\d+)\.\.(\d+)\}", path)
        if match is None:
            found.append(path)
            continue
        for number in range(int(match[1]), int(match[2]) + 1):
            digits = str(number).zfill(len(match[1]))
            found.append(path[: match.start()] + digits + path[match.end() :])
    return tuple(found)
