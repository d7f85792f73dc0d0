"""A card of a sound recorder: polyphonic Broadcast Wave takes that fit the camera's timecode."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from app.demo import Part
from app.demo.takes import exactly, make_all, recorded, tone

NAME = "SOUND_12"
SAMPLE_RATE = 48_000
DAY = datetime(2026, 11, 20)
TAKES = (
    ("12A-T001", "14:03:20", 7.0),
    ("12A-T002", "14:07:49", 6.0),
    ("12B-T001", "14:19:03", 8.0),
)
"""Name, time of day, seconds."""


def _make(directory: Path, program: str) -> None:
    card = directory / "cards" / NAME
    day = card / f"{DAY:%y-%m-%d}"
    day.mkdir(parents=True, exist_ok=True)
    make_all(
        program, [_take(day / f"{name}.WAV", begins, seconds) for name, begins, seconds in TAKES]
    )
    note = card / "SDINFO.TXT"
    note.write_text("Sound Devices 833\nProject: Night Train\n", "ascii", newline="\r\n")
    for name, begins, seconds in TAKES:
        recorded(day / f"{name}.WAV", _moment(begins) + timedelta(seconds=seconds))
    for path in (note, day, card):
        recorded(path, _moment(TAKES[-1][1]))


def _moment(begins: str) -> datetime:
    return datetime.combine(DAY, datetime.strptime(begins, "%H:%M:%S").time())


def _take(target: Path, begins: str, seconds: float) -> list[str]:
    since_midnight = _moment(begins) - DAY
    facts = {
        "description": f"sSCENE={target.stem.partition('-')[0]}",
        "originator": "SndDev 833",
        "origination_date": f"{DAY:%Y-%m-%d}",
        "origination_time": begins,
        "time_reference": str(int(since_midnight.total_seconds()) * SAMPLE_RATE),
    }
    named = {
        f"metadata:g:{index}": f"{key}={value}" for index, (key, value) in enumerate(facts.items())
    }
    return exactly(
        target,
        tone((220, 330, 440, 550), seconds),
        acodec="pcm_s24le",
        write_bext=1,
        **named,
    )


SOUND_CARD = Part(key="sound-card", title=f"Card {NAME}, sound recorder, 3 takes", make=_make)
"""A second card, without pictures."""
