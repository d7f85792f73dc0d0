"""How much the pictures of a transcode look like those of its original, frame by frame."""

from __future__ import annotations

import contextlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

import ffmpeg

from app.errors import MediaFault
from app.media.ffmpeg.process import Wishes, run_ffmpeg
from app.media.transcode.lines import with_matrix
from app.media.transcode.programs import Programs
from app.media.transcode.streams import Inventory, Stream

_ALL = re.compile(r"\bAll:([0-9.]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How like two streams are."""

    frames: int
    ssim: float
    """Mean, 0 to 1."""
    least: float
    """Of the worst frame."""
    vmaf: float | None = None


def measure(
    programs: Programs,
    made: tuple[Inventory, Stream],
    original: tuple[Inventory, Stream],
    folder: Path,
    control: Wishes,
) -> Quality:
    """Hold a stream of one clip against one of another, frame N against frame N.

    Raises MediaFault where they cannot be compared.
    """
    ssims, vmafs = folder / "ssim.txt", folder / "vmaf.json"
    for vmaf in (True, False) if programs.vmaf else (False,):
        line = _line(made, original, ssims, vmafs if vmaf else None)
        ended = run_ffmpeg(programs.measure.path, line, control)
        ended.refuse_torn("compared the transcode with", original[0].path)
        if ended.whole:
            break
    else:
        raise MediaFault(
            f"{made[0].path} cannot be compared with {original[0].path}: {ended.trouble}",
            path=original[0].path,
        )
    found = [float(match[1]) for match in _ALL.finditer(ssims.read_text("ascii", "replace"))]
    quality = Quality(
        frames=len(found),
        ssim=sum(found) / max(1, len(found)),
        least=min(found, default=0.0),
        vmaf=_mean_vmaf(vmafs) if vmaf else None,
    )
    for path in (ssims, vmafs):
        path.unlink(missing_ok=True)
    return quality


def _line(
    made: tuple[Inventory, Stream],
    original: tuple[Inventory, Stream],
    ssims: Path,
    vmafs: Path | None,
) -> list[str]:
    pictures = []
    for clip, stream in (made, original):
        read = clip.reading(stream).input(noautorotate=None)[str(stream.number)]
        picture = with_matrix(read, stream)
        pictures.append(picture.filter("settb", "1/1000").filter("setpts", "N"))
    if vmafs is not None:
        both = [one.filter_multi_output("split") for one in pictures]
        threads = os.cpu_count() or 1
        first = ffmpeg.filter(
            [one[0] for one in both],
            "libvmaf",
            log_path=str(vmafs),
            log_fmt="json",
            n_threads=threads,
        )
        second = ffmpeg.filter([one[1] for one in both], "ssim", stats_file=str(ssims))
        outputs = [first, second]
    else:
        outputs = [ffmpeg.filter(pictures, "ssim", stats_file=str(ssims))]
    made_up = [ffmpeg.output(one, "-", format="null") for one in outputs]
    return list(ffmpeg.get_args(ffmpeg.merge_outputs(*made_up)))


def _mean_vmaf(path: Path) -> float | None:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return float(json.loads(path.read_bytes())["pooled_metrics"]["vmaf"]["mean"])
    return None
