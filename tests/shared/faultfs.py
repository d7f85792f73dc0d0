"""A FUSE file system that shows a folder and breaks it by rules: the faults of the tests.

    python faultfs.py BACKING MOUNT_POINT RULES.json

The rules are read again whenever their file changes. Each is an object:

    op     read, write, open, create, fsync, flush, rename, mkdir, truncate, unlink, getattr
           or readdir
    match  shell pattern for the path, which begins with / (default *)
    at     only a read or write that touches this byte
    find   only a read or write whose data holds this text
    after  let so many matching calls pass first
    times  then act so often (default: always)
    do     an errno name; flip (one bit of the data, at `at`, or of the found text); flaky (flip at
           every second read of that place); hold (wait until the rule is gone); kill (the process
           ends as if the reader had been pulled)

Every rule that acts writes its number to RULES.json.acted, so a test can wait for it. All I/O is
direct: no kernel cache stands between a read and its rule.
"""

from __future__ import annotations

import ctypes
import errno
import fnmatch
import json
import os
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import mfusepy as fuse

_DIRECT = getattr(os, "O_DIRECT", 0)
_LONGEST_HOLD = 90.0
"""Seconds after which a held call goes on, lest a failed test hang where nothing can kill it."""


class Rules:
    """The rules as they stand now, and how often each has matched."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = -1
        self._rules: list[dict[str, object]] = []
        self._matched: Counter[str] = Counter()
        self._lock = threading.Lock()

    def _load(self) -> None:
        stamp = self._path.stat().st_mtime_ns
        if stamp != self._stamp:
            self._rules = json.loads(self._path.read_text())
            self._stamp = stamp

    def meet(self, op: str, path: str, offset: int = 0, data: bytes = b"", size: int = 0) -> bytes:
        """Apply every rule for this call; the data as it goes on. Raises FuseOSError."""
        with self._lock:
            self._load()
            acting = [r for r in self._rules if self._acts(r, op, path, offset, data, size)]
        for rule in acting:
            data = self._act(rule, path, offset, data)
        return data

    def _acts(self, rule: dict, op: str, path: str, offset: int, data: bytes, size: int) -> bool:
        size = size or len(data)
        if rule["op"] != op or not fnmatch.fnmatchcase(path, rule.get("match", "*")):
            return False
        if "at" in rule and not offset <= rule["at"] < offset + size:
            return False
        if "find" in rule and rule["find"].encode() not in data:
            return False
        key = json.dumps(rule, sort_keys=True)
        self._matched[key] += 1
        turn = self._matched[key] - rule.get("after", 0)
        if rule["do"] == "flaky":
            return turn > 0 and turn % 2 == 0
        return 0 < turn <= rule.get("times", sys.maxsize)

    def _act(self, rule: dict, path: str, offset: int, data: bytes) -> bytes:
        what = rule["do"]
        with Path(f"{self._path}.acted").open("a") as told:
            told.write(f"{what} {path!r} {offset}\n")
        if what in {"flip", "flaky"}:
            place = data.index(rule["find"].encode()) if "find" in rule else rule["at"] - offset
            if place >= len(data):
                return data
            return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        if what == "hold":
            end = time.monotonic() + _LONGEST_HOLD
            while self._still(rule) and time.monotonic() < end:
                time.sleep(0.01)
            return data
        if what == "kill":
            os._exit(1)
        if what == "short":
            return data[: rule["at"] - offset]
        raise fuse.FuseOSError(getattr(errno, what))

    def _still(self, rule: dict) -> bool:
        try:
            return rule in json.loads(self._path.read_text())
        except ValueError:
            return True  # it is being written just now


class Faults(fuse.Operations):
    """A folder passed through, call by call."""

    use_ns = True

    def __init__(self, backing: str, rules: Rules) -> None:
        self.backing = backing
        self.rules = rules

    def _real(self, path: str) -> str:
        return self.backing + path

    # Names and facts

    def getattr(self, path: str, fh: object = None) -> dict[str, int]:
        self.rules.meet("getattr", path)
        found = os.lstat(self._real(path))
        names = ("st_mode", "st_ino", "st_nlink", "st_uid", "st_gid", "st_size", "st_blocks")
        facts = {name: getattr(found, name) for name in names}
        times = ("st_atime", "st_mtime", "st_ctime")
        return facts | {name: getattr(found, f"{name}_ns") for name in times}

    def readdir(self, path: str, fh: object) -> list[str]:
        self.rules.meet("readdir", path)
        return [".", "..", *os.listdir(self._real(path))]

    def readlink(self, path: str) -> str:
        return os.readlink(self._real(path))

    def statfs(self, path: str) -> dict[str, int]:
        found = os.statvfs(self._real(path))
        names = ("f_bsize", "f_frsize", "f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree")
        return {name: getattr(found, name) for name in names} | {"f_namemax": 255}

    def mkdir(self, path: str, mode: int) -> int:
        self.rules.meet("mkdir", path)
        os.mkdir(self._real(path), mode)
        return 0

    def rmdir(self, path: str) -> int:
        os.rmdir(self._real(path))
        return 0

    def unlink(self, path: str) -> int:
        self.rules.meet("unlink", path)
        os.unlink(self._real(path))
        return 0

    def symlink(self, target: str, source: str) -> int:
        os.symlink(source, self._real(target))
        return 0

    def rename(self, old: str, new: str) -> int:
        self.rules.meet("rename", new)
        os.rename(self._real(old), self._real(new))
        return 0

    def chmod(self, path: str, mode: int) -> int:
        os.chmod(self._real(path), mode)
        return 0

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        os.utime(self._real(path), ns=times, follow_symlinks=False)
        return 0

    def listxattr(self, path: str) -> list[str]:
        return os.listxattr(self._real(path), follow_symlinks=False)

    def getxattr(self, path: str, name: str, position: int = 0) -> bytes:
        return os.getxattr(self._real(path), name, follow_symlinks=False)

    def setxattr(self, path: str, name: str, value: bytes, flags: int, position: int = 0) -> int:
        os.setxattr(self._real(path), name, value, flags, follow_symlinks=False)
        return 0

    # Open files

    def open(self, path: str, info: object) -> int:
        self.rules.meet("open", path)
        flags = info.flags & ~_DIRECT & ~getattr(os, "O_NOATIME", 0)
        info.fh = os.open(self._real(path), flags)
        info.direct_io = 1
        return 0

    def create(self, path: str, mode: int, info: object) -> int:
        self.rules.meet("create", path)
        info.fh = os.open(self._real(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
        info.direct_io = 1
        return 0

    def read(self, path: str, size: int, offset: int, info: object) -> bytes:
        data = os.pread(info.fh, size, offset)
        return self.rules.meet("read", path, offset, data, size)

    def write(self, path: str, data: bytes, offset: int, info: object) -> int:
        data = self.rules.meet("write", path, offset, data)
        return os.pwrite(info.fh, data, offset)

    def truncate(self, path: str, length: int, info: object = None) -> int:
        self.rules.meet("truncate", path)
        os.truncate(self._real(path), length)
        return 0

    def fsync(self, path: str, datasync: int, info: object) -> int:
        self.rules.meet("fsync", path)
        os.fsync(info.fh)
        return 0

    def flush(self, path: str, info: object) -> int:
        self.rules.meet("flush", path)
        return 0

    def release(self, path: str, info: object) -> int:
        os.close(info.fh)
        return 0


def main() -> None:
    """Serve until unmounted."""
    backing, point, rules = sys.argv[1:]
    ctypes.CDLL(None).prctl(1, 9)  # dies with the tests that started it
    fuse.FUSE(
        Faults(backing, Rules(Path(rules))), point, raw_fi=True, foreground=True,
        allow_other=True, fsname="faultfs", big_writes=True, max_read=1 << 17,
        # Tests write behind it: what the kernel remembers of a file would be old.
        attr_timeout=0, entry_timeout=0, negative_timeout=0,
    )  # fmt: skip


if __name__ == "__main__":
    main()
