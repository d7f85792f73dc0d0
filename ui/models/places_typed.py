"""What people type to go to a frame: a timecode, part of one, frames on or back, a number."""

from __future__ import annotations

import re

from app.errors import BadInput
from app.timecode import Timecode

_STEP = re.compile(r"([+-])\s*(\d+)")
_NUMBER = re.compile(r"#\s*(\d+)")
_DIGITS = re.compile(r"\d{1,8}")
_PARTIAL = re.compile(r"(?:\d{1,2}:){1,2}\d{1,2}")


def typed_frame(text: str, start: Timecode, now: int) -> int:
    """The frame that *text* means, in a clip that begins at *start* and stands at frame *now*.

    `10:09:52:17`, `52:17` (of the same hour and minute), `5217` (the same), `+12`, `-48`, `#305`
    (counted from 0). Raises BadInput, by name.
    """
    said = re.sub(r"[;.,]", ":", text.strip())
    if found := _STEP.fullmatch(said):
        return now + int(found[1] + found[2])
    if found := _NUMBER.fullmatch(said):
        return int(found[1])
    if _DIGITS.fullmatch(said):
        pairs = re.findall(r"..", said.zfill(len(said) + len(said) % 2))
        said = ":".join(pairs)
    if _PARTIAL.fullmatch(said) or re.fullmatch(r"\d\d", said):
        said = _completed(said, start + now)
    frame = Timecode.parse(said, start.rate, start.drop)
    return frame.after(start).frame - start.frame


def _completed(said: str, here: Timecode) -> str:
    """The hours and minutes that were not typed, from where the clip stands."""
    typed = [f"{int(part):02}" for part in said.split(":")]
    width = [f"{part:02}" for part in here.parts]
    if len(typed) > len(width):
        raise BadInput(f'"{said}" is no timecode.', hint="It looks like 01:02:03:04.")
    return ":".join(width[: 4 - len(typed)] + typed)
