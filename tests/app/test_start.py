"""What a command waits for before it does anything."""

from __future__ import annotations

import subprocess
import sys


def test_the_engine_starts_without_loading_what_decodes_or_draws() -> None:
    heavy = "{'av', 'PIL', 'numpy', 'reportlab', 'imageio_ffmpeg'}"
    code = f"import sys, app.engine; print(*sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
