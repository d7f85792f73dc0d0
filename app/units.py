"""How quantities are read and written: bytes, rates, durations, moments.

Bytes are decimal (1 GB = 1,000,000,000), as drives and cards are sold.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

_STEPS = ("B", "kB", "MB", "GB", "TB", "PB")
_BINARY = {"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*")


def bytes_text(count: int) -> str:
    """A size for people: `412.6 GB`, `17 B`."""
    value = float(count)
    for unit in _STEPS:
        if abs(value) < 999.95 or unit == _STEPS[-1]:
            return f"{count} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError("unreachable")


def rate_text(bytes_per_second: float) -> str:
    """A rate for people: `1.14 GB/s`, `98 MB/s`."""
    if bytes_per_second >= 1e9:
        return f"{bytes_per_second / 1e9:.2f} GB/s"
    if bytes_per_second >= 1e6:
        return f"{bytes_per_second / 1e6:.0f} MB/s"
    return f"{bytes_per_second / 1e3:.0f} kB/s"


BYTES, FRAMES, TILES, MATERIAL = "bytes", "frames", "tiles", "material"
"""What the work of a job is counted in; material in milliseconds of its running time."""


def amount_text(count: int, unit: str) -> str:
    """An amount of work for people: `412.6 GB`, `1,204 frames`, `9 tiles`, `4 min 10 s`."""
    if unit == MATERIAL:
        return duration_text(count / 1000)
    return bytes_text(count) if unit == BYTES else count_text(count, unit.removesuffix("s"))


def speed_text(rate: float, unit: str) -> str:
    """A rate of work for people: `1.14 GB/s`, `61 fps`, `7.3 fps`, `12 tiles/s`, `0.13 × speed`."""
    if unit == MATERIAL:
        return f"{rate / 1000:.2g} × speed"
    if unit == BYTES:
        return rate_text(rate)
    each = "fps" if unit == FRAMES else f"{unit}/s"
    return f"{rate:.0f} {each}" if rate >= 9.95 else f"{rate:.1f} {each}"


def rotation_text(degrees: int) -> str:
    """A rotation clockwise, for people: `90° to the left` for 270, `180°`."""
    if degrees == 180:
        return "180°"
    return f"{360 - degrees}° to the left" if degrees > 180 else f"{degrees}° to the right"


def duration_text(seconds: float) -> str:
    """A duration for people: `4 min 10 s`, `2 h 05 min`, `8 s`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def count_text(count: int, one: str, many: str | None = None) -> str:
    """`1 clip`, `58 clips`, `1,204 files`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def parse_size(text: str) -> int:
    """Bytes from `8388608`, `8 MiB`, `2.5 TB`; ValueError when it is no size."""
    match = _SIZE.fullmatch(text)
    if not match:
        raise ValueError(f"not a size: {text!r}")
    number, unit = float(match[1]), match[2].lower()
    if unit in _BINARY:
        return round(number * _BINARY[unit])
    decimal: dict[str, int] = {name.lower(): int(1000**power) for power, name in enumerate(_STEPS)}
    decimal |= {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
    if unit not in decimal:
        raise ValueError(f"not a size: {text!r}")
    return round(number * decimal[unit])


def now() -> datetime:
    """This moment, with its offset from UTC."""
    return datetime.now(UTC).astimezone()


def moment_text(moment: datetime) -> str:
    """A moment for people and reports: `2026-11-20 12:04:31 +0100`, as the place's clock had it."""
    return moment.strftime("%Y-%m-%d %H:%M:%S %z")
