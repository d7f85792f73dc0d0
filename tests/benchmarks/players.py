"""Other ways to a frame, each measured from outside: mpv by its socket, ffmpeg by its processes."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

PATIENCE = 60.0


class Player(Protocol):
    """Something that opens a clip and goes to times in it; both in seconds that it took."""

    name: str

    def open(self, clip: Path) -> float:
        """Open *clip* until its first frame is there."""

    def seek(self, seconds: float) -> float:
        """Go to the frame that is shown at *seconds*, until it is there."""


class Ffmpeg:
    """A process for each frame, as scripts do it; its start is in every figure."""

    name = "ffmpeg -ss, a process each"

    def __init__(self) -> None:
        self._clip = Path()

    def open(self, clip: Path) -> float:
        """The first frame."""
        self._clip = clip
        return self.seek(0)

    def seek(self, seconds: float) -> float:
        """One frame, scaled and thrown away."""
        command = ["ffmpeg", "-v", "error", "-nostdin", "-ss", f"{seconds:.6f}", "-i", self._clip]
        command += ["-frames:v", "1", "-vf", "scale=960:540:flags=fast_bilinear", "-an"]
        begin = time.perf_counter()
        subprocess.run([*command, "-f", "null", "-"], check=True, timeout=PATIENCE)
        return time.perf_counter() - begin


class Mpv:
    """One that runs all the time and is told what to show; it draws nothing."""

    name = "mpv, exact seek"

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "mpv"
        command = ["mpv", "--no-config", "--idle=yes", "--vo=null", "--ao=null", "--pause"]
        command += ["--hwdec=no", "--hr-seek=yes", "--really-quiet"]
        self._process = subprocess.Popen([*command, f"--input-ipc-server={self._socket}"])
        self._line = self._connected()

    def _connected(self) -> socket.socket:
        until = time.monotonic() + PATIENCE
        while True:
            line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            with contextlib.suppress(OSError):
                line.connect(str(self._socket))
                line.settimeout(PATIENCE)
                return line
            line.close()
            if time.monotonic() > until:
                raise TimeoutError("mpv does not answer.")
            time.sleep(0.02)

    def open(self, clip: Path) -> float:
        """Until it says that playback could begin."""
        return self._timed("loadfile", str(clip))

    def seek(self, seconds: float) -> float:
        """Until it says that playback could go on."""
        return self._timed("seek", seconds, "absolute+exact")

    def _timed(self, *command: object) -> float:
        begin = time.perf_counter()
        self._line.sendall(json.dumps({"command": command}).encode() + b"\n")
        for event in self._events():
            if event == "playback-restart":
                return time.perf_counter() - begin
        raise ConnectionError("mpv is gone.")

    def _events(self) -> Iterator[str]:
        kept = b""
        while more := self._line.recv(65536):
            *lines, kept = (kept + more).split(b"\n")
            for line in lines:
                yield str(json.loads(line).get("event", ""))

    def close(self) -> None:
        """End it."""
        self._line.close()
        self._process.terminate()
        self._process.wait(PATIENCE)


@contextlib.contextmanager
def installed(folder: Path) -> Iterator[list[Player]]:
    """All that are on the PATH."""
    with contextlib.ExitStack() as stack:
        found: list[Player] = []
        if shutil.which("mpv"):
            mpv = Mpv(folder)
            stack.callback(mpv.close)
            found.append(mpv)
        if shutil.which("ffmpeg"):
            found.append(Ffmpeg())
        yield found
