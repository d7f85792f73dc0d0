"""What the cells of the library say of a clip."""

from __future__ import annotations

from pathlib import Path

import pytest
from clip_bench import Clips

from app.media.facts.probe import probe
from ui.models.clips import codec_text


@pytest.mark.parametrize("lacking", [0, 1])
def test_a_clip_that_was_cut_off_is_told_in_its_row(tmp_path: Path, lacking: int) -> None:
    prores = ("-c:v", "prores_ks", "-profile:v", "0", "-movflags", "+faststart")
    whole = Clips(tmp_path)("fast.mov", *prores)
    path = tmp_path / "clip.mov"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size - lacking])
    assert codec_text(probe(path)) == "cut off, " * lacking + "ProRes 422 Proxy"
