"""Every setting there is: its name, what it is for, what it may be, and what it is at first."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from app.errors import BadInput
from app.settings.template import check_template
from app.units import bytes_text, parse_size


class Kind(StrEnum):
    """What sort of value a setting holds; the value says it in words."""

    TEXT = "text"
    TEMPLATE = "folders with tokens such as {date}/{roll}"
    WEB = "a web address such as https://example.org/news"
    PATH = "a path"
    FLAG = "true or false"
    WHOLE = "a whole number"
    SECONDS = "a number of seconds"
    SIZE = "a size such as 8388608, 8 MiB or 500 MB"
    DAY = "a day such as 2026-11-20"
    TEXTS = "a list of texts"
    TABLE = "a table of texts"
    TABLES = "a list of tables"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One setting."""

    name: str
    kind: Kind
    default: Any
    text: str
    """What it is for, one sentence."""
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None

    @property
    def expects(self) -> str:
        """What it may be, in words."""
        words = str(self.kind)
        if self.choices:
            listed = ", ".join(self.choices)
            words = f"a list of: {listed}" if self.kind is Kind.TEXTS else f"one of: {listed}"
        if self.kind is Kind.SIZE and self.least is not None and self.most is not None:
            return f"{words} from {bytes_text(int(self.least))} to {bytes_text(int(self.most))}"
        if self.least is not None and self.most is not None:
            return f"{words} from {self.least:g} to {self.most:g}"
        return words if self.least is None else f"{words}, at least {self.least:g}"

    def check(self, value: object) -> Any:
        """*value* as this setting keeps it; ValueError when it is not what is expected."""
        checked = _CHECKS[self.kind](value)
        if self.choices:
            given = checked if isinstance(checked, list) else [checked]
            if not given or any(choice not in self.choices for choice in given):
                raise ValueError(value)
        if isinstance(checked, int | float) and not isinstance(checked, bool):
            above = self.most is not None and checked > self.most
            if above or (self.least is not None and checked < self.least):
                raise ValueError(value)
        return checked

    def fresh_default(self) -> Any:
        """The built-in value; lists and tables are the caller's own."""
        return copy.deepcopy(self.default)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(value)
    return value


def _template(value: object) -> str:
    try:
        check_template(_text(value))
    except BadInput as error:
        raise ValueError(error.message) from error
    return _text(value)


def _web(value: object) -> str:
    text = _text(value)
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError(text) from None
    if text and (parts.scheme not in {"http", "https"} or not parts.hostname or " " in text):
        raise ValueError(text)
    return text


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(value)
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(value)
    return value


def _seconds(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(value)
    return float(value)


def _size(value: object) -> int:
    return parse_size(value) if isinstance(value, str) else _whole(value)


def _day(value: object) -> date | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return date.fromisoformat(value)
    if type(value) is not date:
        raise ValueError(value)
    return value


def _texts(value: object) -> list[str]:
    if not isinstance(value, list | tuple):
        raise ValueError(value)
    return [_text(part) for part in value]


def _table(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise ValueError(value)
    return {_text(name): _text(part) for name, part in value.items()}


def _tables(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list | tuple) or any(not isinstance(v, Mapping) for v in value):
        raise ValueError(value)
    return [copy.deepcopy(dict(part)) for part in value]


_CHECKS: dict[Kind, Callable[[object], Any]] = {
    Kind.TEXT: _text,
    Kind.TEMPLATE: _template,
    Kind.WEB: _web,
    Kind.PATH: _text,
    Kind.FLAG: _flag,
    Kind.WHOLE: _whole,
    Kind.SECONDS: _seconds,
    Kind.SIZE: _size,
    Kind.DAY: _day,
    Kind.TEXTS: _texts,
    Kind.TABLE: _table,
    Kind.TABLES: _tables,
}

_HASHES = ("c4", "md5", "sha1", "xxh128", "xxh3", "xxh64", "sha256")
_VERIFY = ("full", "read-back", "source", "transfer")
_COLLISION = ("skip-identical", "keep-both", "refuse")
IGNORED_NAMES = [
    ".DS_Store",
    "._*",
    ".Spotlight-V100",
    ".Trashes",
    ".fseventsd",
    ".TemporaryItems",
    ".DocumentRevisions-V100",
    ".apdisk",
    "Thumbs.db",
    "desktop.ini",
    "$RECYCLE.BIN",
    "System Volume Information",
    ".Trash-*",
    "lost+found",
]


def _key(name: str, kind: Kind, default: Any, text: str, **limits: Any) -> Key:
    return Key(name=name, kind=kind, default=default, text=text, **limits)


_ALL = (
    _key("log.directory", Kind.PATH, "", "Folder of the log; empty: in the profile."),
    _key("log.max_size", Kind.SIZE, 500_000_000, "A log file is closed at this size.", least=1000),
    _key("log.keep", Kind.WHOLE, 5, "How many closed log files are kept.", least=0, most=1000),
    _key("jobs.keep_awake", Kind.FLAG, True, "Keep the machine awake while a job runs."),
    _key(
        "offload.hash",
        Kind.TEXTS,
        ["xxh64"],
        "Custody hashes, the leading one first; several are computed in one read.",
        choices=_HASHES,
    ),
    _key("offload.verify", Kind.TEXT, "full", "How copies are proven.", choices=_VERIFY),
    _key(
        "offload.template", Kind.TEMPLATE, "{roll}", "Folder below each destination, with tokens."
    ),
    _key(
        "offload.wanted_copies",
        Kind.WHOLE,
        2,
        "On how many devices a card must be verified before it is safe to format.",
        least=1,
        most=99,
    ),
    _key(
        "offload.on_collision",
        Kind.TEXT,
        "skip-identical",
        "What to do where a file of the same name lies already.",
        choices=_COLLISION,
    ),
    _key(
        "offload.ignore", Kind.TEXTS, IGNORED_NAMES, "Names (shell patterns) that are not copied."
    ),
    _key(
        "offload.buffer_size",
        Kind.SIZE,
        8 << 20,
        "Bytes of one block of the copy.",
        least=128 << 10,
        most=64 << 20,
    ),
    _key(
        "offload.progress_interval",
        Kind.SECONDS,
        0.5,
        "Seconds between two lines of progress where there is no bar.",
        least=0.1,
        most=3600,
    ),
    _key(
        "offload.proxies",
        Kind.TEXTS,
        [],
        "Sizes or recipes of proxies that are made into the cache after each offload.",
    ),
    _key("offload.legacy_mhl", Kind.FLAG, False, "Also write a legacy MHL 1.1 file."),
    _key(
        "offload.rollover_hour",
        Kind.WHOLE,
        6,
        "Hour at which a shooting day begins: 02:00 belongs to the day before.",
        least=0,
        most=23,
    ),
    _key("offload.last_destinations", Kind.TEXTS, [], "Destinations of the last start."),
    _key("offload.last_preset", Kind.TEXT, "", "Preset of the last start."),
    _key("offload.presets", Kind.TABLES, [], "Named sets of destinations and choices."),
    _key(
        "devices.declared",
        Kind.TABLE,
        {},
        "Which device a volume is on, where virtual disks hide it: volume = device.",
    ),
    _key("project.name", Kind.TEXT, "", "Name of the project, for folders and reports."),
    _key("project.first_day", Kind.DAY, None, "First shooting day, to count days from."),
    _key("project.production", Kind.TEXT, "", "Production company, for reports."),
    _key("project.unit", Kind.TEXT, "", "Unit, e.g. main or second, for reports."),
    _key("project.operator", Kind.TEXT, "", "Who offloads, for reports and manifests."),
    _key("notify.desktop", Kind.FLAG, True, "Show a desktop notification when the queue is done."),
    _key("notify.sound", Kind.FLAG, True, "Play a sound when the queue is done or needs hands."),
    _key("notify.command", Kind.TEXT, "", "Program to run then; the news is in REELKEEP_TEXT."),
    _key("notify.webhook", Kind.WEB, "", "Web address that then receives the news as JSON."),
    _key(
        "report.write",
        Kind.FLAG,
        True,
        "Write a report at the end of each job; `reelkeep jobs report` writes one at any time.",
    ),
    _key("report.directory", Kind.PATH, "", "Folder of the reports; empty: in the profile."),
    _key("report.thumbnails", Kind.FLAG, True, "Show a small picture of each clip in reports."),
    _key(
        "media.ffmpeg",
        Kind.PATH,
        "",
        "The ffmpeg program; empty: the one on the PATH, else the one installed with Reelkeep.",
    ),
    _key(
        "media.external_decoders",
        Kind.TABLE,
        {},
        "Programs for clips that cannot be decoded here: extension = command with {file} in it.",
    ),
    _key(
        "media.hardware",
        Kind.TEXT,
        "auto",
        "Whether devices decode and encode where a trial has shown that they do it well.",
        choices=("auto", "off"),
    ),
    _key(
        "media.memory",
        Kind.SIZE,
        2_000_000_000,
        "So large may what is remembered of clips grow: frame indexes, small pictures, frames that"
        " were dragged out; what is used least goes first.",
        least=0,
    ),
    _key("watch.folders", Kind.TEXTS, [], "Watch folders that are switched on in the window."),
    _key("proxies.directory", Kind.PATH, "", "Cache of proxies; empty: in the profile."),
    _key(
        "proxies.limit",
        Kind.SIZE,
        100_000_000_000,
        "So large may the cache of proxies grow; those used least go first.",
        least=0,
    ),
)

KEYS: Mapping[str, Key] = {key.name: key for key in _ALL}
"""All settings by name, in the order in which they are shown."""
