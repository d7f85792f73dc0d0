"""What the small texts beside a clip tell of it: the camera's log, Sony's and Panasonic's XML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from lxml import etree

from app.media.facts.header import packed_timecode, told_rate
from app.media.facts.row import ending
from app.places.cards.listing import Found
from app.places.cards.sidecars import Sidecars, ale_rows, elements, local_name, value_of
from app.places.tree import Entry, EntryKind

_MOST = 50
"""Sidecars that are read for one clip."""
_RATE = re.compile(r"\d+(\.\d+)?")
_GAMMAS = {"CaptureGammaEquation": "gamma", "CaptureColorPrimaries": "primaries"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What one sidecar tells of one clip; what it does not say is empty."""

    source: str
    """Where it stands: `ALE`, `Sony XML`, `P2 XML`."""
    start: str = ""
    """Timecode of the first frame, as text."""
    rate: Fraction = Fraction(0)
    frames: int = 0
    reel: str = ""
    scene: str = ""
    take: str = ""
    project: str = ""
    recorded: str = ""
    codec: str = ""
    camera: Mapping[str, str] = field(default_factory=dict)


def told_beside(name: str, sidecars: Iterable[Path]) -> list[Beside]:
    """What the sidecars of the clip *name* tell; those that cannot be read tell nothing."""
    found = []
    for path in list(sidecars)[:_MOST]:
        ext = ending(path.name)
        if ext == "ale":
            found += _in_log(name, _reader(path).text(_found(path)))
        elif ext == "xml":
            root = _reader(path).xml(_found(path))
            kind = "" if root is None else local_name(root)
            read = {"NonRealTimeMeta": _sony, "P2Main": _panasonic}.get(kind)
            found += [read(root)] if read and root is not None else []
    return found


def _reader(path: Path) -> Sidecars:
    return Sidecars(path.parent)


def _found(path: Path) -> Found:
    try:
        size = path.stat().st_size
    except OSError:
        size = 0
    return Found(Entry(path.name, EntryKind.FILE, size), ending(path.name))


def _in_log(name: str, text: str) -> list[Beside]:
    for row in ale_rows(text):
        if Path(row.name).stem.lower() == name.lower() or row.name.lower() == name.lower():
            return [
                Beside(
                    source="ALE",
                    start=row.start,
                    rate=told_rate(row.rate) if row.rate else Fraction(0),
                    frames=row.frames,
                    reel=row.reel,
                    scene=row.scene,
                    take=row.take,
                    recorded="" if row.first is None else f"{row.first:%Y-%m-%d %H:%M:%S}",
                    camera={"model": row.model} if row.model else {},
                )
            ]
    return []


def _sony(root: etree._Element) -> Beside:
    """NonRealTimeMeta: a timecode is written from its frames on, two BCD digits each."""
    frame = next(elements(root, "VideoFrame"), None)
    rate = _rate("" if frame is None else frame.get("formatFps", ""))
    device, lens = (next(elements(root, name), None) for name in ("Device", "Lens"))
    camera = {
        "make": _of(device, "manufacturer"),
        "model": _of(device, "modelName"),
        "serial": _of(device, "serialNo"),
        "lens": _of(lens, "modelName"),
    }
    for item in elements(root, "Item"):
        if ours := _GAMMAS.get(item.get("name", "")):
            camera[ours] = item.get("value", "")
    table = next(elements(root, "LtcChangeTable"), None)
    first = next((e for e in elements(table, "LtcChange") if e.get("frameCount") == "0"), None)
    counted = _counted(rate, _of(table, "tcFps"), _of(table, "halfStep"))
    frames = _of(next(elements(root, "Duration"), None), "value")
    return Beside(
        source="Sony XML",
        start=_turned(_of(first, "value")) if counted == rate else "",
        rate=rate,
        frames=int(frames) if frames.isdecimal() else 0,
        recorded=_of(next(elements(root, "CreationDate"), None), "value"),
        codec=_of(frame, "videoCodec"),
        camera={name: text for name, text in camera.items() if text},
    )


def _counted(rate: Fraction, said: str, half: str) -> Fraction:
    """At how many frames a second the timecode counts, by `tcFps`: half as many in pairs."""
    if not said.isdecimal() or not rate or half == "true":
        return Fraction(0)
    return rate if round(rate) == int(said) else Fraction(0)


def _turned(value: str) -> str:
    try:
        return packed_timecode(int.from_bytes(bytes.fromhex(value), "little"))
    except ValueError:
        return ""


def _panasonic(root: etree._Element) -> Beside:
    video = next(elements(root, "Video"), None)
    device = next(elements(root, "Device"), None)
    rate = next(elements(video, "FrameRate"), None)
    start = value_of(video, "StartTimecode")
    if rate is not None and rate.get("DropFrameFlag", "").lower() == "true":
        start = start[:8] + ";" + start[9:]
    camera = {
        "make": value_of(device, "Manufacturer"),
        "model": value_of(device, "ModelName"),
        "serial": value_of(device, "SerialNo."),
    }
    scenario = next(elements(root, "Scenario"), None)
    return Beside(
        source="P2 XML",
        start=start,
        rate=_rate("" if rate is None else (rate.text or "").strip()),
        scene=value_of(scenario, "SceneNo."),
        take=value_of(scenario, "TakeNo."),
        project=value_of(scenario, "ProgramName"),
        recorded=value_of(root, "StartDate"),
        camera={name: text for name, text in camera.items() if text},
    )


def _rate(said: str) -> Fraction:
    """Frames a second out of `59.94p` or `50i`, which are 50 fields and 25 frames."""
    found = _RATE.match(said)
    if found is None:
        return Fraction(0)
    return told_rate(Fraction(found[0]) / (2 if said.endswith("i") else 1))


def _of(element: etree._Element | None, name: str) -> str:
    return "" if element is None else element.get(name, "").strip()
