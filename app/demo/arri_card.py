"""A card of an ARRI ALEXA Mini: one reel of ProRes clips, the camera's log, a computer's litter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from app.demo import Part
from app.demo.takes import exactly, make_all, picture, recorded, tone

ROLL = "A003"
REEL = "A003R2EC"
RATE = 24
DAY = datetime(2026, 11, 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shot:
    number: int
    begins: str
    """Time of day, and the clip's first timecode with :00 frames."""
    frames: int
    hue: int

    @property
    def name(self) -> str:
        return f"{ROLL}C{self.number:03d}_{DAY:%y%m%d}_R2EC"

    @property
    def began(self) -> datetime:
        return datetime.combine(DAY, datetime.strptime(self.begins, "%H:%M:%S").time())

    @property
    def ended(self) -> datetime:
        return self.began + timedelta(seconds=self.frames / RATE)


SHOTS = (
    _Shot(number=1, begins="14:03:22", frames=96, hue=0),
    _Shot(number=2, begins="14:07:51", frames=72, hue=60),
    _Shot(number=3, begins="14:19:05", frames=120, hue=120),
    _Shot(number=4, begins="14:31:40", frames=60, hue=200),
    _Shot(number=5, begins="14:44:13", frames=84, hue=290),
)
_COLUMNS = (
    "Name", "Tracks", "Start", "End", "Duration", "Reel_name", "Camera_model", "Camera_index",
    "Date_camera", "Time_camera", "Project_fps", "Original_video",
)  # fmt: skip


def _make(directory: Path, program: str) -> None:
    card = directory / "cards" / ROLL
    reel = card / REEL
    reel.mkdir(parents=True, exist_ok=True)
    make_all(program, [_take(reel / f"{shot.name}.mov", shot) for shot in SHOTS])
    log = reel / f"{REEL}_AVID.ale"
    log.write_text(_camera_log(), "ascii", newline="\r\n")
    litter = card / ".DS_Store"
    litter.write_bytes(b"\0\0\0\1Bud1\0\0")
    for shot in SHOTS:
        recorded(reel / f"{shot.name}.mov", shot.ended)
    for path in (log, litter, reel, card):
        recorded(path, SHOTS[-1].ended)


def _take(target: Path, shot: _Shot) -> list[str]:
    return exactly(
        target,
        picture(shot.frames, RATE, size="640x360", hue=shot.hue),
        tone((440, 660), shot.frames / RATE),
        vcodec="prores_ks",
        pix_fmt="yuv422p10le",
        acodec="pcm_s24le",
        timecode=f"{shot.begins}:00",
        movflags="+write_colr",
        **{
            "profile:v": "lt",
            "metadata": f"creation_time={shot.began:%Y-%m-%dT%H:%M:%S}Z",
            "metadata:s:v": f"reel_name={REEL}",
        },
    )


def _camera_log() -> str:
    """The Avid log that the camera leaves on the card."""
    lines = ["Heading", "FIELD_DELIM\tTABS", "VIDEO_FORMAT\tCUSTOM", "AUDIO_FORMAT\t48khz"]
    lines += [f"FPS\t{RATE}", "", "Column", "\t".join(_COLUMNS), "", "Data"]
    for shot in SHOTS:
        seconds, frames = divmod(shot.frames, RATE)
        end = f"{shot.began + timedelta(seconds=seconds):%H:%M:%S}:{frames:02d}"
        length = f"00:00:{seconds:02d}:{frames:02d}"
        cells = (
            shot.name, "VA1A2", f"{shot.begins}:00", end, length, REEL, "ALEXA Mini", "A",
            f"{DAY:%Y-%m-%d}", shot.begins, f"{RATE}.000", "ProRes 422 LT 640x360",
        )  # fmt: skip
        lines.append("\t".join(cells))
    return "\n".join(lines) + "\n"


ARRI_CARD = Part(key="arri-card", title=f"Card {ROLL}, ARRI ALEXA Mini, 5 clips", make=_make)
"""The card that `./run demo` offloads."""
