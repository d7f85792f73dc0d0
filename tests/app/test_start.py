"""What a command waits for before it does anything."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"av", "PIL", "numpy", "reportlab", "imageio_ffmpeg"}
WORKS = {"montage.job", "proxy.job", "transcode.job", "watch.folder", "facts.values"}
"""What makes products of clips, below app.media; an offload makes none."""


def _loaded(start: str, modules: set[str]) -> set[str]:
    """Which of *modules* are loaded once *start* was."""
    code = f"import sys; had = set(sys.modules); import {start}"
    code += f"; print(*{modules} & (set(sys.modules) - had))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_engine_starts_without_loading_what_decodes_or_draws() -> None:
    assert _loaded("app.engine", HEAVY) == set()


def test_a_command_starts_without_loading_what_only_other_commands_need() -> None:
    others = {f"app.media.{name}" for name in WORKS} | {"importlib.metadata"}
    if sys.platform == "linux":  # elsewhere it tells of volumes
        others.add("psutil")
    assert _loaded("app.cli.offload", others) == set()
    assert "app.media.proxy.job" in _loaded("app.media.proxy.job", others)
