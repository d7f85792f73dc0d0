"""The index of frames that are all shown equally long, and lie in no one file."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from app.media.frames.frame_index import FrameIndex

_UNTOLD = Fraction(24)
"""Frames a second of what does not say."""


def steady_index(frames: int, rate: Fraction, keys: NDArray[np.int64] | None = None) -> FrameIndex:
    """So many *frames* at *rate*; *keys* are those that need no others, None: each of them.

    A rate of 0 is none: then one is assumed, and the index says so.
    """
    assumed, rate = not rate, rate or _UNTOLD
    count = np.arange(frames, dtype=np.int64)
    keys = count if keys is None else keys
    return FrameIndex(
        pts=count, time_base=1 / rate, rate=rate, steady=True, intra=len(keys) == frames,
        key_frames=keys, key_stamps=keys, key_places=keys, assumed=assumed,
    )  # fmt: skip
