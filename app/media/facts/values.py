"""What is known of a clip: values that cross from the child that reads it to everyone who asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

import cattrs

from app.timecode import Timecode
from app.units import count_text

CONVERTER = cattrs.Converter()
"""Facts as plain data and back; fractions as text, `30000/1001`."""
CONVERTER.register_unstructure_hook(Fraction, str)
CONVERTER.register_structure_hook(Fraction, lambda said, _: Fraction(said))


class KeyFrames(StrEnum):
    """Which frames can be decoded by themselves."""

    EVERY = "every frame"
    SOME = "some frames"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Colour:
    """How numbers become light, in the words of ITU-T H.273; "" where the file does not say."""

    primaries: str = ""
    transfer: str = ""
    matrix: str = ""
    range: str = ""
    """`limited` (16 to 235) or `full`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoTrack:
    """One picture track."""

    index: int
    """Of the stream in its file."""
    codec: str
    """FFmpeg's short name: `prores`, `h264`."""
    codec_name: str = ""
    """For people: `Apple ProRes 422 HQ`."""
    decodable: bool = True
    """Whether its pictures can be shown here; if not, only what its container says is known."""
    decoder: str = ""
    """The external program that shows its pictures, by the settings; "" where none does."""
    profile: str = ""
    width: int = 0
    """Pixels, as stored: before rotation."""
    height: int = 0
    pixel_format: str = ""
    """FFmpeg's name: `yuv422p10le`."""
    bits: int = 0
    """Of one component."""
    pixel_aspect: Fraction = Fraction(1)
    colour: Colour = field(default_factory=Colour)
    rate: Fraction = Fraction(0)
    """Frames a second, exactly; 0 where it is not known."""
    steady: bool = True
    """Whether all frames are shown equally long, as far as the file says."""
    frames: int = 0
    """How many are shown."""
    counted: bool = False
    """Whether the number of frames was told by the file, not worked out from its duration."""
    lost: int = 0
    """How many of them lie behind the end of a file that was cut off."""
    duration: Fraction = Fraction(0)
    """Seconds."""
    rotation: int = 0
    """Degrees clockwise by which a player turns the picture."""
    interlaced: bool = False
    key_frames: KeyFrames = KeyFrames.UNKNOWN
    key_distance: int = 0
    """The longest way from one key frame to the next, in frames; 0 where it is not known."""
    language: str = ""

    @property
    def present(self) -> int:
        """How many of its frames are in the file."""
        return self.frames - self.lost


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioTrack:
    """One sound track."""

    index: int
    codec: str
    codec_name: str = ""
    channels: int = 0
    layout: str = ""
    """`mono`, `stereo`, `5.1`, `4 channels`."""
    rate: int = 0
    """Samples a second."""
    bits: int = 0
    """Of a sample; 0 for codecs that have no such number."""
    name: str = ""
    channel_names: tuple[str, ...] = ()
    """Of a recorder's tracks inside this one, by iXML."""
    duration: Fraction = Fraction(0)
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameRow:
    """A clip that is stored as one file for each picture."""

    pattern: str
    """Name of a frame's file, with `%07d` for its number."""
    first: int
    last: int
    """Numbers in the files' names; smaller than *first* where the numbers began anew."""
    present: int
    """Files that are there; `VideoTrack.frames` counts the missing ones too."""
    missing: tuple[tuple[int, int], ...] = ()
    """First and last number of each gap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipFacts:
    """Everything a clip tells of itself, whether it is one file or many."""

    container: str
    """`QuickTime`, `MP4`, `MXF`, `Matroska`, `MPEG-TS`, `WAV`, `R3D`, `DPX`, `EXR`."""
    name: str = ""
    """Of the clip: `A003C012_201020_R1AB`."""
    size: int = 0
    """Bytes of all its media files, without sidecars."""
    duration: Fraction = Fraction(0)
    """Seconds of the picture; of the longest track where it holds only sound."""
    start: Timecode | None = None
    start_from: str = ""
    """Where the timecode was found: `tmcd track`, `MXF`, `BWF`, `tag`, `DPX header`, `ALE`."""
    since_midnight: Fraction | None = None
    """Seconds at which sound without a frame rate begins."""
    reel: str = ""
    reel_from: str = ""
    """Where the reel name was found: as `start_from`, or `name`."""
    scene: str = ""
    take: str = ""
    project: str = ""
    note: str = ""
    recorded: str = ""
    """When, as the file writes it."""
    video: tuple[VideoTrack, ...] = ()
    audio: tuple[AudioTrack, ...] = ()
    other: tuple[str, ...] = ()
    """Tracks that are neither: `tmcd`, subtitles, data."""
    camera: Mapping[str, str] = field(default_factory=dict)
    """Maker, model, lens and what else a camera has written, by its own names."""
    row: FrameRow | None = None
    """Of a clip with one file for each picture."""
    parts: tuple[str, ...] = ()
    """File names of a clip that spans several files, in order; empty for one file or a row."""
    sidecars: tuple[str, ...] = ()
    """Names of the files that belong to it and hold no picture or sound of it."""
    missing: tuple[str, ...] = ()
    """What its camera would have written and is not there."""
    remarks: tuple[str, ...] = ()
    """What is odd about it, in whole sentences."""

    @property
    def picture(self) -> VideoTrack | None:
        """The track that is meant when one speaks of the clip's picture."""
        return self.video[0] if self.video else None


def cut_off_words(lost: int, of: int, *, counted: bool = True, told: bool = True) -> str:
    """How a sentence goes on about a file that was cut off: the same wherever it is said.

    *counted*: whether those that are there were; *told*: whether the file tells how many there
    should be.
    """
    about = "" if counted else "about "
    whole = ("" if told else "about ") + count_text(of, "frame")
    return f"is cut off: {about}{of - lost:,} of {whole} are in the file."
