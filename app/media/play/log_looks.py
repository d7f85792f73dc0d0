"""Log pictures made fit for a Rec. 709 screen: one small `.cube` for each camera's curve.

The curves are those that the makers publish. What comes out is what a camera with a Rec. 709
output and a soft shoulder would show: for viewing, never for grading.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.errors import WriteFailed

Values = NDArray[np.float64]
_STEPS = 33
_SHOULDER = 0.5
"""Linear light up to which nothing is compressed."""
_D65 = (0.3127, 0.3290)
_REC_709 = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
_FORM = 1


@dataclass(frozen=True, slots=True)
class LogLook:
    """A camera's log: how its signal becomes light, and which colours its primaries are."""

    key: str
    name: str
    primaries: tuple[tuple[float, float], ...]
    light: Callable[[Values], Values]
    """Scene light of a signal from 0 to 1; a grey card gives 0.18."""
    codes: bool = False
    """Whether the maker's formula counts recorded 10-bit codes, 64 for black: not the signal."""


def _log_c3(x: Values) -> Values:
    a, b, c, d, e, f = 5.555556, 0.052272, 0.247190, 0.385537, 5.367655, 0.092809
    return np.where(x > 0.010591 * e + f, (10 ** ((x - d) / c) - b) / a, (x - f) / e)


def _log_c4(x: Values) -> Values:
    a, b, c = (2**18 - 16) / 117.45, (1023 - 95) / 1023, 95 / 1023
    s = 7 * np.log(2) * 2 ** (7 - 14 * c / b) / (a * b)
    t = (2 ** (14 * (-c / b) + 6) - 64) / a
    return np.where(x >= 0, (2 ** (14 * (x - c) / b + 6) - 64) / a, x * s + t)


def _s_log3(x: Values) -> Values:
    code, knee = x * 1023, 171.2102946929
    low = (code - 95) * 0.01125 / (knee - 95)
    return np.where(code >= knee, 10 ** ((code - 420) / 261.5) * 0.19 - 0.01, low)


def _v_log(x: Values) -> Values:
    return np.where(x < 0.181, (x - 0.125) / 5.6, 10 ** ((x - 0.598206) / 0.241514) - 0.00873)


def _log3_g10(x: Values) -> Values:
    return np.where(x < 0, x / 15.1927, (10 ** (x / 0.224282) - 1) / 155.975327) - 0.01


def _canon_log3(x: Values) -> Values:
    low = -(10 ** ((0.12783901 - x) / 0.36726845) - 1) / 14.98325
    middle = (x - 0.12512219) / 1.9754798
    high = (10 ** ((x - 0.12240537) / 0.36726845) - 1) / 14.98325
    return 0.9 * np.where(x < 0.097465473, low, np.where(x <= 0.15277891, middle, high))


def _apple_log(x: Values) -> Values:
    begin, knee, c = -0.05641088, 0.01, 47.28711236
    low = np.sqrt(np.maximum(x, 0) / c) + begin
    high = 2 ** ((x - 0.69336945) / 0.08550479) - 0.00964052
    return np.where(x >= c * (knee - begin) ** 2, high, low)


def _blackmagic(x: Values) -> Values:
    a, b, c = 0.08692876065491224, 0.005494072432257808, 0.5300133392291939
    d, e = 8.283605932402494, 0.09246575342465753
    return np.where(x < d * 0.005 + e, (x - e) / d, np.exp((x - c) / a) - b)


def _hlg(x: Values) -> Values:
    a = 0.17883277
    b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)
    scene = np.where(x <= 0.5, x**2 / 3, (np.exp((x - c) / a) + b) / 12)
    return scene * (0.18 / 0.0481)  # a grey card lies at 38 % of the signal


_REC_2020 = ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
LOOKS = (
    LogLook("logc3", "ARRI LogC3", ((0.684, 0.313), (0.221, 0.848), (0.0861, -0.102)), _log_c3),
    LogLook("logc4", "ARRI LogC4",
            ((0.7347, 0.2653), (0.1424, 0.8576), (0.0991, -0.0308)), _log_c4),
    LogLook("slog3", "Sony S-Log3, S-Gamut3.Cine",
            ((0.766, 0.275), (0.225, 0.800), (0.089, -0.087)), _s_log3, codes=True),
    LogLook("vlog", "Panasonic V-Log",
            ((0.730, 0.280), (0.165, 0.840), (0.100, -0.030)), _v_log, codes=True),
    LogLook("log3g10", "RED Log3G10", ((0.780308, 0.304253), (0.121595, 1.493994),
                                       (0.095612, -0.084589)), _log3_g10),
    LogLook("clog3", "Canon Log 3, Cinema Gamut",
            ((0.740, 0.270), (0.170, 1.140), (0.080, -0.100)), _canon_log3),
    LogLook("bmdfilm5", "Blackmagic Film, generation 5", ((0.7177215, 0.3171181),
            (0.2280410, 0.8615690), (0.1005841, -0.0820452)), _blackmagic),
    LogLook("applelog", "Apple Log", _REC_2020, _apple_log),
    LogLook("hlg", "HLG, Rec. 2020", _REC_2020, _hlg),
)  # fmt: skip
"""By the names that people know them under."""


def look_file(look: LogLook, folder: Path) -> Path:
    """The `.cube` of *look* in *folder*, made when it isn't there. Raises WriteFailed."""
    path = folder / f"{look.key}-{_FORM}.cube"
    if path.exists():
        return path
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_text(cube_text(look), "ascii")
        part.replace(path)
    except OSError as error:
        raise WriteFailed(
            f"The LUT for {look.name} could not be kept: {error.strerror}.", path=path
        ) from error
    return path


def cube_text(look: LogLook) -> str:
    """The table as a `.cube` file, red fastest."""
    axis = np.linspace(0, 1, _STEPS)
    blue, green, red = np.meshgrid(axis, axis, axis, indexing="ij")
    shown = shown_as(look, np.stack((red, green, blue), axis=-1).reshape(-1, 3))
    lines = "\n".join(" ".join(f"{value:.6f}" for value in row) for row in shown)
    return f'TITLE "{look.name} to Rec. 709"\nLUT_3D_SIZE {_STEPS}\n{lines}\n'


def shown_as(look: LogLook, signal: Values) -> Values:
    """Rec. 709 signals for rows of camera signals, each from 0 to 1."""
    given = (64 + 876 * signal) / 1023 if look.codes else signal
    light = look.light(given) @ _to_709(look.primaries).T
    bright = np.maximum(light - _SHOULDER, 0)
    rolled = 1 - (1 - _SHOULDER) * np.exp(-bright / (1 - _SHOULDER))
    soft = np.where(light > _SHOULDER, rolled, np.maximum(light, 0))
    return np.clip(np.where(soft < 0.018, 4.5 * soft, 1.099 * soft**0.45 - 0.099), 0, 1)


def _to_709(primaries: tuple[tuple[float, float], ...]) -> Values:
    return np.linalg.inv(_to_xyz(_REC_709)) @ _to_xyz(primaries)


def _to_xyz(primaries: tuple[tuple[float, float], ...]) -> Values:
    """Light of these primaries as CIE XYZ; equal amounts give the white of daylight."""
    columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in primaries]).T
    x, y = _D65
    white = np.array([x / y, 1.0, (1 - x - y) / y])
    return np.asarray(columns * np.linalg.solve(columns, white))
