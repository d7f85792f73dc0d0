"""Folder names from templates: `{date}_{project}/{camera}/{roll}`.

Tokens: date, day, time, project, camera, roll, label, clip, counter, text. A counter may carry
a width (`{counter:3}`). The shooting day begins at the rollover hour: what is offloaded at 02:00
belongs to the day before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.settings.template import TOKEN, TOKENS, check_template

__all__ = [
    "TOKENS",
    "NamingFacts",
    "check_template",
    "folders",
    "numbered",
    "shooting_day",
    "split_template",
]
_UNSAFE = re.compile(r'[/\\:*?"<>|\x00-\x1f]')


@dataclass(frozen=True, slots=True, kw_only=True)
class NamingFacts:
    """What the tokens stand for."""

    moment: datetime
    rollover_hour: int
    project: str
    camera: str
    roll: str
    label: str
    counter: int
    text: str


def shooting_day(moment: datetime, rollover_hour: int) -> date:
    """The shooting day that a moment belongs to."""
    return (moment - timedelta(hours=rollover_hour)).date()


def split_template(template: str) -> tuple[str, str]:
    """The folders that all files share, and those that depend on the clip."""
    parts = [part for part in template.split("/") if part]
    for i, part in enumerate(parts):
        if "{clip" in part:
            return "/".join(parts[:i]), "/".join(parts[i:])
    return "/".join(parts), ""


def folders(template: str, facts: NamingFacts, clip: str = "") -> str:
    """The relative folder that *template* gives; "" for the destination itself.

    Empty tokens leave no empty folders and no doubled separators behind.
    """
    check_template(template)
    values = _values(facts, clip)

    def value(match: re.Match[str]) -> str:
        text, width = values[match[1]], match[2]
        if match[1] == "counter" and width:
            text = text.zfill(int(width))
        return _UNSAFE.sub("_", text).strip()

    parts = (_tidy(TOKEN.sub(value, part)) for part in template.split("/"))
    return "/".join(part for part in parts if part)


def _values(facts: NamingFacts, clip: str) -> dict[str, str]:
    day = shooting_day(facts.moment, facts.rollover_hour)
    return {
        "date": day.isoformat(),
        "day": day.strftime("%Y%m%d"),
        "time": facts.moment.strftime("%H%M"),
        "project": facts.project,
        "camera": facts.camera,
        "roll": facts.roll,
        "label": facts.label,
        "clip": clip,
        "counter": str(facts.counter),
        "text": facts.text,
    }


def _tidy(part: str) -> str:
    part = re.sub(r"([_\-. ])\1+", r"\1", part).strip(" _-")
    return "" if part.strip(".") == "" else part


def numbered(path: str, number: int) -> str:
    """*path* with a number before its ending: `A003C001 (2).mov`."""
    folder, slash, name = path.rpartition("/")
    stem, dot, ending = name.rpartition(".")
    if not stem:
        stem, dot, ending = name, "", ""
    return f"{folder}{slash}{stem} ({number}){dot}{ending}"
