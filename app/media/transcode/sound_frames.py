"""How each codec cuts sound into packets: what is needed to go on behind the last whole one."""

from __future__ import annotations

from dataclasses import dataclass

from app.media.transcode.recipe import Sound, TranscodeRecipe
from app.media.transcode.streams import Stream

_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)
_OPUS_RATE = 48_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundFrames:
    """The packets of one encoded stream."""

    codec: Sound
    rate: int
    """Samples a second."""
    samples: int
    """Of one packet."""
    head: int = 0
    """Samples that come before the first one, to warm a decoder up."""
    warm_up: int = 0
    """Packets by which an encoder begins earlier when it goes on; they are thrown away."""

    @property
    def suffix(self) -> str:
        """Of a run: of each, all that was written before a cut can be read."""
        return ".ogg" if self.codec is Sound.OPUS else ".nut"

    @property
    def whole_suffix(self) -> str:
        """Of all runs together. Of AAC only QuickTime tells what is there to warm up."""
        return ".mov" if self.codec is Sound.AAC else self.suffix

    @property
    def form(self) -> str:
        """What ffmpeg calls the form of a run."""
        return self.suffix.removeprefix(".")

    def seconds(self, packets: int) -> float:
        """How long so many packets sound."""
        return packets * self.samples / self.rate


def sound_frames(recipe: TranscodeRecipe, streams: tuple[Stream, ...]) -> SoundFrames:
    """Those of *streams*, encoded to one."""
    codec = recipe.sound.codec
    rate = _OPUS_RATE if len(streams) > 1 else int(streams[0].rate)
    if codec is Sound.OPUS:
        return SoundFrames(codec=codec, rate=_OPUS_RATE, samples=960, head=312, warm_up=5)
    if codec is Sound.AAC:  # its encoder takes more than a second until it is as good as ever
        rate = rate if rate in _AAC_RATES else min(max(_AAC_RATES), max(_OPUS_RATE, rate))
        return SoundFrames(codec=codec, rate=rate, samples=1024, head=1024, warm_up=64)
    return SoundFrames(codec=codec, rate=rate, samples=4608)
