"""Runs the manual's Python as it is printed, block after block."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from clip_bench import H264, Clips

CHECKOUT = Path(__file__).parent.parent.parent
PAGE = CHECKOUT / "docs" / "python.md"
NAMES = ("card", "shuttle", "raid", "profile", "clip")
"""What the page says that its blocks find."""


def blocks() -> list[str]:
    """Every block of code, blank lines in front so that a traceback names the page's line."""
    text = PAGE.read_text("utf-8")
    found = []
    for match in re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        found.append("\n" * text.count("\n", 0, match.start(1)) + match[1])
    return found


def a_reel(root: Path) -> Path:
    """A small reel as a camera leaves it, and what a computer has left on it."""
    reel = root / "A003R2EC"
    reel.mkdir(parents=True)
    for number in (1, 2):
        clip = reel / f"A003C{number:03d}_261120_R2EC.mov"
        clip.write_bytes(os.urandom(300_000))
    (root / ".DS_Store").write_bytes(b"left by a computer")
    return root


def test_the_manual_says_nothing_that_does_not_run(tmp_path: Path, capsys):
    names = {name: tmp_path / name for name in NAMES}
    a_reel(names["card"])
    for name in ("shuttle", "raid"):
        names[name].mkdir()
    names["clip"] = Clips(tmp_path)("clip.mov", *H264)

    known: dict[str, object] = dict(names)
    said = []
    for block in blocks():
        exec(compile(block, str(PAGE), "exec"), known)
        said.append(capsys.readouterr().out)

    offload, places, evidence, verify, queue, *media, reports = said
    told, proxies, sheets, transcodes, watched = media
    assert "A003 ARRI" in offload
    assert "The card may be formatted." in offload
    assert places.count("fine True") == 2
    assert "SAFE TO FORMAT 1 of 1" in evidence
    assert evidence.count("verified") >= 2
    assert "2 files verified, nothing differs." in verify
    assert "KEEP, 1 of 2 copies verified" in queue
    assert "QuickTime clip" in told
    assert "H.264 Constrained Baseline 320 180 25 25" in told
    assert "There is no file " in told
    assert "is no file, and not one clip." in told
    assert "made 25 [('preview-180', 'libx264'), ('thumbnail', 'libx264')]" in proxies
    assert "small/clip.mkv [('video', 'encoded')]" in transcodes
    assert "0 encoded libsvtav1 crf 63 preset 8 None None" in transcodes
    assert watched == "clip.mov preview queued\nclip.mov preview done\nall well: True 1\n"
    assert "made [('clip.pdf', 9)]\nfine ()\n" in sheets
    assert "clip_00-00-00-12.tif 12 320 180 8" in sheets
    assert "A003C001_261120_R2EC" in reports
    report = Path(reports.splitlines()[0].split(".html ")[0] + ".html")
    assert all(report.with_suffix(ending).is_file() for ending in (".html", ".pdf", ".csv"))


def test_the_manual_needs_no_qt(tmp_path: Path):
    imports = [
        line for b in blocks() for line in b.splitlines() if line.startswith(("from ", "import "))
    ]
    asked = "import sys; sys.exit(any(name.startswith('PySide6') for name in sys.modules))"

    done = subprocess.run(
        [sys.executable, "-c", "\n".join([*imports, asked])],
        cwd=CHECKOUT, capture_output=True, check=False, timeout=60,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
