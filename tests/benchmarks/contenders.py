"""Everyone who does the same work: a card to some folders, and proof that the copies are equal."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent

_MANUAL = """
card=$1; shift
for drive in "$@"; do cp -a "$card/." "$drive/"; done
sync -f "$@"; echo 3 > /proc/sys/vm/drop_caches
sums=$(mktemp); cd "$card"
find . -type f -print0 | xargs -0 xxhsum -H1 > "$sums" 2> "$sums.said"
for drive in "$@"; do cd "$drive"; xxhsum -c --quiet "$sums" || exit 1; done
rm "$sums" "$sums.said"
"""
_RCLONE = """
card=$1; shift
for drive in "$@"; do rclone copy "$card" "$drive"; done
for drive in "$@"; do rclone check "$card" "$drive"; done
sync -f "$@"
"""
_OCOPY = """
ocopy "$@"; shift; sync -f "$@"
"""
Command = Callable[[Path, Sequence[Path], Path], list[str]]
"""Card, destinations, a folder of its own for anything else → a command line."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A way to do the work."""

    name: str
    proof: str
    """What its verification reads."""
    command: Command


def _script(text: str) -> Command:
    return lambda card, drives, _: ["sh", "-euc", text, "sh", str(card), *map(str, drives)]


def _reelkeep(mode: str) -> Command:
    def command(card: Path, drives: Sequence[Path], own: Path) -> list[str]:
        # The others write no report either; it is measured by itself.
        settings = own / "profile" / "settings.toml"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text("[report]\nwrite = false\n", encoding="utf-8")
        to = [word for drive in drives for word in ("--to", str(drive))]
        return [
            sys.executable, "-m", "app", "--profile", str(own / "profile"), "offload", str(card),
            *to, "--verify", mode, "--wanted-copies", "1", "--name", "copy",
        ]  # fmt: skip

    return command


def _reads(times: int) -> Command:
    def command(card: Path, drives: Sequence[Path], own: Path) -> list[str]:
        del drives, own
        return [sys.executable, str(HERE / "plain_io.py"), "read", *[str(card)] * times]

    return command


READ_BACK = Contender("Reelkeep, read-back", "medium", _reelkeep("read-back"))
FULL = Contender("Reelkeep, full", "medium, card twice", _reelkeep("full"))
MANUAL = Contender("cp, sync, xxhsum -c", "medium, card twice", _script(_MANUAL))
RCLONE = Contender("rclone copy, check", "cache", _script(_RCLONE))
OCOPY = Contender("ocopy", "cache", _script(_OCOPY))
ONE_READ = Contender("one read of the card", "", _reads(1))
TWO_READS = Contender("two reads of the card", "", _reads(2))


def installed() -> tuple[Contender, ...]:
    """Reelkeep, the manual way, and whoever else is on the PATH."""
    others = ((RCLONE, "rclone"), (OCOPY, "ocopy"))
    return (READ_BACK, FULL, MANUAL, *(tool for tool, program in others if shutil.which(program)))
