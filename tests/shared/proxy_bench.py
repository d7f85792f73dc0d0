"""What tests of proxies share: ffprobe as the judge, and jobs that are looked at while they run."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.engine import Engine
from app.jobs.snapshot import JobSnapshot
from app.media.proxy.recipes import recipe_named
from app.media.proxy.spec import ClipResult, ProxySpec


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What ffprobe says of a file."""

    frames: int
    rate: str
    timecode: str
    reel: str
    width: int
    height: int
    rotation: int
    keys: tuple[int, ...]
    colour: tuple[str, str, str, str]
    sound: tuple[tuple[str, str], ...]
    """Codec and name of each track."""
    codec: str
    times: tuple[str, ...]
    """When each frame is shown, in seconds."""


def shown_by_ffprobe(path: Path) -> Shown:
    """Everything that matters, counted packet by packet and frame by frame."""
    told = _asked(path, "-show_streams", "-show_format", "-count_frames")
    (video,) = [one for one in told["streams"] if one["codec_type"] == "video"]
    audio = [one for one in told["streams"] if one["codec_type"] == "audio"]
    data = [one for one in told["streams"] if one["codec_type"] == "data"]
    tags = [one.get("tags", {}) for one in [*data, video, told["format"]]]
    packets = _asked(path, "-select_streams", "v:0", "-show_packets")["packets"]
    shown = sorted(packets, key=lambda packet: int(packet["pts"]))
    turned = [int(s["rotation"]) for s in video.get("side_data_list", []) if "rotation" in s]
    return Shown(
        frames=int(video["nb_read_frames"]),
        rate=video["r_frame_rate"],
        timecode=next((tag["timecode"] for tag in tags if "timecode" in tag), ""),
        reel=next((tag["reel_name"] for tag in tags if "reel_name" in tag), ""),
        width=video["width"],
        height=video["height"],
        rotation=-turned[0] % 360 if turned else 0,
        keys=tuple(n for n, packet in enumerate(shown) if "K" in packet["flags"]),
        colour=(
            video.get("color_primaries", ""),
            video.get("color_transfer", ""),
            video.get("color_space", ""),
            video.get("color_range", ""),
        ),
        sound=tuple((one["codec_name"], one["tags"].get("handler_name", "")) for one in audio),
        codec=video["codec_name"],
        times=tuple(packet["pts_time"] for packet in shown),
    )


def _asked(path: Path, *wishes: str) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-of", "json", *wishes, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, timeout=120)
    return dict(json.loads(done.stdout))


def proxies_of(
    engine: Engine, *files: Path, recipes: tuple[str, ...] = ("preview",), **more: Any
) -> tuple[JobSnapshot, tuple[ClipResult, ...]]:
    """Run a proxy job to its end; how it ended, and what became of each clip."""
    spec = ProxySpec(files=files, recipes=tuple(map(recipe_named, recipes)), **more)
    ended = engine.run(spec)
    return ended, engine.proxies.results(ended.id)
