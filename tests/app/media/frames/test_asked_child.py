"""A child that is asked one question after another."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from app.media.frames import asked_child
from app.media.frames.asked_child import AskedChild

CHILD = """
import json, sys, time
for line in sys.stdin:
    time.sleep(json.loads(line)["sleep"])
    print('{"well": true}', flush=True)
"""


def test_an_answer_in_the_last_moment_does_not_spoil_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "answers_slowly.py").write_text(CHILD)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    child = AskedChild("answers_slowly", 60)
    assert child.ask({"sleep": 0}) == {"well": True}
    fires = threading.Event()
    read, kill = asked_child._answer, subprocess.Popen.kill

    def late(*of: Any) -> object:
        answer = read(*of)
        assert fires.wait(30)
        return answer

    def slow_kill(process: Any) -> None:
        fires.set()
        time.sleep(0.2)
        kill(process)

    with monkeypatch.context() as moment:
        moment.setattr(asked_child, "_answer", late)
        moment.setattr(subprocess.Popen, "kill", slow_kill)
        moment.setattr(child, "_seconds", 0.5)
        assert child.ask({"sleep": 0}) == {"well": True}
    assert child.ask({"sleep": 0.5}) == {"well": True}
    child.close()
