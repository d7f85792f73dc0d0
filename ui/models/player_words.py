"""What the player says of the clip that it shows."""

from __future__ import annotations

from app.timecode import rate_text
from app.units import count_text
from ui.models.player import PlayerModel
from ui.models.versions import ORIGINAL
from ui.words import printable

SLOW = "slow here"


def head(model: PlayerModel) -> str:
    """Top left: frame, rate, speed, and what was said of the frame."""
    if not model.frames:
        return ""
    speed = f" · {model.speed}×" if model.speed not in {0, 1} else ""
    loop = " · loop" if model.loop else ""
    late = f" · {count_text(model.dropped, 'frame')} dropped" if model.dropped else ""
    said = model.marks.text_at(model.number)
    comment = f" · {printable(said)}" if said else ""
    index = model.playback.index if model.playback is not None else None
    rate = f"{rate_text(model.rate)} fps"
    if index is not None and index.assumed:
        rate += (
            " assumed" if model.clip is not None and model.clip.start else " assumed, no timecode"
        )
    return f"frame {model.number:,} · {rate}{speed}{loop}{late}{comment}"


def badge(model: PlayerModel) -> str:
    """What is being played, and why it is that."""
    if model.version is None or (model.fault is not None and not model.frames):
        return ""
    why = model.because
    if not why and not model.version.online:
        why = "offline"
    elif not why and model.playback is not None and model.playback.heavy:
        why = SLOW if has_proxies(model) else f"{SLOW}: make previews"
    return printable(", ".join(filter(None, (model.version.label, why, model.lut_name))))


def has_proxies(model: PlayerModel) -> bool:
    """Whether the clip can be played from anything but its original."""
    clip = model.clip
    return clip is not None and any(v.label != ORIGINAL for v in clip.versions)


def advice(model: PlayerModel) -> str:
    """All of the badge, which may be elided, and what to do about it: for the tool tip."""
    told = badge(model)
    if not told:
        return ""
    way = "A click, or V, chooses what is played."
    if SLOW in told and model.version is not None and model.version.label == ORIGINAL:
        what = "choose one, or let it go by itself" if has_proxies(model) else "make some here"
        way = f"This machine is too slow for the original. Previews play smoothly: {what} (V)."
    return f"{told[0].upper()}{told[1:]}. {way}"


def message(model: PlayerModel) -> str:
    """In place of a picture."""
    if model.clip is None:
        return ""
    if model.fault is not None:
        return printable(str(model.fault))
    if model.playback is not None and model.playback.picture is None:
        return f"Opening {printable(model.clip.name)}…"
    return ""


def kept_range(model: PlayerModel) -> str:
    """What is kept, by timecodes; else how many frames there are."""
    marks, start = model.marks, model.timecode(0)
    if start is None or not model.frames:
        return ""
    if marks.first is None and marks.end is None:
        return f"{count_text(model.frames, 'frame')}"
    last = (marks.end if marks.end is not None else model.frames) - 1
    return f"{start + (marks.first or 0)} to {start + last}"
