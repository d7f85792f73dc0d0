"""How many frames a second a clip has, exactly, and whether each is as long as any other."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from app.media.facts import guess
from app.media.frames.frame_index import Numbers
from app.media.frames.opened import OpenClip
from app.timecode import frame_rate


def said_rate(clip: OpenClip) -> Fraction:
    """What the header says; 25 where it says nothing."""
    return guess.said_rate(clip.container, clip.stream) or Fraction(25)


def measured_rate(clip: OpenClip, stamps: Numbers) -> tuple[Fraction, bool]:
    """Frames a second, and whether they are steady: within one unit of rounding."""
    base = Fraction(clip.stream.time_base or 1)
    way = int(stamps[-1] - stamps[0]) if len(stamps) else 0
    if way <= 0:
        return said_rate(clip), True
    counted = frame_rate((len(stamps) - 1) / (way * base))
    for rate in (said_rate(clip), Fraction(clip.stream.base_rate or counted), counted):
        expected = np.arange(len(stamps)) * float(1 / (rate * base))
        if np.all(np.abs(stamps - stamps[0] - expected) <= 1.01):
            return rate, True
    return counted, False
