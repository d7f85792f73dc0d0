"""Notices volumes coming and going: at once on Linux, within a second elsewhere."""

from __future__ import annotations

import os
import select
import sys
import threading
import time
from pathlib import Path

_LOOK_SECONDS = 1.0
_MOUNTINFO = Path("/proc/self/mountinfo") if sys.platform == "linux" else None


class VolumeWatch:
    """Waits for a change of what is mounted, in whichever thread asks; has no thread of its own.

    Changes are counted from its making. `close` may be called from any thread and ends a wait.
    """

    def __init__(self, mountinfo: Path | None = _MOUNTINFO) -> None:
        """*mountinfo* is the file that tells of changes; None: look once a second."""
        self._lock = threading.Lock()
        self._waiting = 0
        self._closed = False
        self._mounts = os.open(mountinfo, os.O_RDONLY) if mountinfo else -1
        self._woken, self._wake = os.pipe()
        self._seen = self._mounted()

    def wait(self, timeout: float) -> bool:
        """Whether something was mounted or unmounted within *timeout* seconds; not once closed."""
        with self._lock:
            if self._closed:
                return False
            self._waiting += 1
        try:
            return self._wait(timeout)
        finally:
            with self._lock:
                self._waiting -= 1
                self._release()

    def close(self) -> None:
        """End every wait and let go of what is open; a second call does nothing."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            os.write(self._wake, b"x")
            self._release()

    def __enter__(self) -> VolumeWatch:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _wait(self, timeout: float) -> bool:
        if self._mounts < 0:
            return self._look(timeout)
        poll = select.poll()
        poll.register(self._mounts, select.POLLPRI | select.POLLERR)
        poll.register(self._woken, select.POLLIN)
        ready = [descriptor for descriptor, _ in poll.poll(max(0.0, timeout) * 1000)]
        return self._mounts in ready and self._woken not in ready

    def _look(self, timeout: float) -> bool:
        """One look a second, where the system tells of no changes."""
        end = time.monotonic() + timeout
        while not self._closed:
            now = self._mounted()
            if now != self._seen:
                self._seen = now
                return True
            left = end - time.monotonic()
            if left <= 0:
                return False
            self._pause(min(left, _LOOK_SECONDS))
        return False

    def _pause(self, seconds: float) -> None:
        if sys.platform == "win32":
            time.sleep(min(seconds, 0.2))  # select there knows sockets only
        else:
            select.select([self._woken], [], [], seconds)

    def _mounted(self) -> frozenset[tuple[str, str]]:
        if self._mounts >= 0:
            return frozenset()
        import psutil

        found = psutil.disk_partitions(all=True)
        return frozenset((each.device, each.mountpoint) for each in found)

    def _release(self) -> None:
        """Close the descriptors once nobody waits on them; the lock is held."""
        if not self._closed or self._waiting or self._wake < 0:
            return
        for descriptor in (self._mounts, self._woken, self._wake):
            if descriptor >= 0:
                os.close(descriptor)
        self._mounts = self._woken = self._wake = -1
