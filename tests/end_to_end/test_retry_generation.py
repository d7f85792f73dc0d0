"""A retry adds a generation with what it copied; what the first one says is never rewritten."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from offload_bench import House, accepted_by_ascmhl, generations, spec_for, tree

from app.integrity.verify.spec import VerifySpec
from app.jobs.snapshot import JobState


def listed(manifest: Path) -> dict[str, str]:
    """Every file of a manifest with its action."""
    pattern = r"<path[^>]*>([^<]*)</path>\s*<xxh64[^>]*action=\"(\w+)\""
    return dict(re.findall(pattern, manifest.read_text()))


def test_a_retry_that_adds_a_file_adds_a_generation_that_ascmhl_accepts(
    house: House, card: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "drive/A003"
    foreign = copy / "index.xml"
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"somebody's own")
    with house.engine() as engine:
        job = engine.run(spec_for(card, copy.parent, wanted_copies=1))
        assert job.state is JobState.FAILED
        (first,) = generations(copy)
        before = first.read_bytes()
        assert set(listed(first).values()) == {"original"}
        assert "index.xml" not in listed(first)

        foreign.unlink()
        assert engine.run(job.id).safe
        assert first.read_bytes() == before
        assert listed(generations(copy)[1]) == {"index.xml": "original"}
        accepted_by_ascmhl(copy)
        assert engine.run(VerifySpec(path=copy)).state is JobState.DONE
        third = generations(copy)[2]
        assert set(listed(third)) == {*listed(first), "index.xml"}
        assert set(listed(third).values()) == {"verified"}
        ascmhl = Path(sys.executable).parent / "ascmhl"
        told = [ascmhl, "create", "-h", "xxh64", copy]
        subprocess.run(told, check=True, capture_output=True, timeout=60)
        assert set(listed(generations(copy)[3]).values()) == {"verified"}
    assert tree(copy) == tree(card)
