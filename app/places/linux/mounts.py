"""The mounts of a Linux machine, as /proc/self/mountinfo tells them."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

_OCTAL = re.compile(rb"\\([0-7]{3})")

KERNEL_TYPES = frozenset(
    (
        "proc",
        "sysfs",
        "cgroup",
        "cgroup2",
        "devpts",
        "devtmpfs",
        "mqueue",
        "debugfs",
        "tracefs",
        "securityfs",
        "pstore",
        "bpf",
        "autofs",
        "hugetlbfs",
        "configfs",
        "fusectl",
        "binfmt_misc",
        "rpc_pipefs",
        "nsfs",
        "efivarfs",
        "selinuxfs",
        "nfsd",
        "resctrl",
        "sockfs",
        "pipefs",
        "fuse.gvfsd-fuse",
        "fuse.portal",
        "fuse.lxcfs",
        "fuse.snapfuse",
    )
)
"""File systems that hold no files of people."""
MEMORY_TYPES = frozenset({"tmpfs", "ramfs", "devtmpfs", "hugetlbfs", "rootfs"})
"""File systems that are gone with the power."""
NETWORK_TYPES = frozenset(
    (
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "ncpfs",
        "9p",
        "virtiofs",
        "ceph",
        "afs",
        "lustre",
        "beegfs",
        "fuse.sshfs",
        "fuse.rclone",
        "fuse.glusterfs",
        "fuse.ceph",
        "fuse.ceph-fuse",
        "fuse.s3fs",
        "fuse.davfs",
        "fuse.davfs2",
        "davfs",
        "fuse.curlftpfs",
        "fuse.smbnetfs",
        "fuse.afpfs",
        "fuse.cephfs",
    )
)
"""File systems behind which there is a server."""
_SYSTEM_FOLDERS = ("/proc", "/sys", "/dev", "/run", "/boot", "/efi", "/snap")
_INNER_FOLDERS = (
    "/var/lib/snapd",
    "/var/lib/docker",
    "/var/lib/containers",
    "/var/lib/containerd",
    "/var/lib/kubelet",
    "/var/lib/lxcfs",
)
_PEOPLES_FOLDERS = ("/run/media",)
"""Where desktops mount drives, although it lies in a system folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One line of mountinfo; text with `surrogateescape`."""

    id: int
    parent: int
    number: tuple[int, int]
    """Major and minor device number of the file system; major 0 where no one block device is."""
    root: str
    """The folder within the file system that is mounted; "/" unless it is a bind mount."""
    point: str
    file_system: str
    source: str
    options: frozenset[str]
    """Options of the mount and of the file system, without their values."""
    values: tuple[tuple[str, str], ...] = ()
    """Options of the file system that have a value."""

    @property
    def read_only(self) -> bool:
        """Whether nothing can be written through this mount."""
        return "ro" in self.options

    @property
    def remote(self) -> bool:
        """Whether a server answers."""
        return self.file_system in NETWORK_TYPES

    @property
    def may_hang(self) -> bool:
        """Whether a question to it can wait for ever: a dead server, a dead FUSE program."""
        return self.remote or self.file_system.startswith("fuse")

    def value(self, name: str) -> str:
        """The value of an option of the file system, or ""."""
        return dict(self.values).get(name, "")


def covers(folder: str, path: str) -> bool:
    """Whether *path* is *folder* or lies below it; both absolute, compared as text."""
    return folder in ("/", path) or path.startswith(folder + "/")


def parse_mountinfo(content: bytes) -> tuple[Mount, ...]:
    """Every mount that mountinfo names, in its order; lines that make no sense are left out."""
    found = []
    for line in content.split(b"\n"):
        try:
            found.append(_mount(line.split(b" ")))
        except (ValueError, IndexError):
            continue
    return tuple(found)


def _mount(fields: list[bytes]) -> Mount:
    dash = fields.index(b"-", 6)
    major, _, minor = fields[2].partition(b":")
    file_system, source, inner = fields[dash + 1 : dash + 4]
    settings = [unescaped(part) for part in (fields[5] + b"," + inner).split(b",")]
    return Mount(
        id=int(fields[0]),
        parent=int(fields[1]),
        number=(int(major), int(minor)),
        root=unescaped(fields[3]),
        point=unescaped(fields[4]),
        file_system=unescaped(file_system).lower(),
        source=unescaped(source),
        options=frozenset(setting.partition("=")[0] for setting in settings),
        values=tuple(
            (name, value) for name, sign, value in (s.partition("=") for s in settings) if sign
        ),
    )


def unescaped(raw: bytes) -> str:
    """A path as mountinfo and fstab write it, with spaces and the like in octal."""
    return os.fsdecode(_OCTAL.sub(lambda found: bytes([int(found[1], 8) & 0xFF]), raw))


class MountTable:
    """The mounts of one moment, walked as the kernel walks them."""

    def __init__(self, mounts: Iterable[Mount]) -> None:
        self.mounts = tuple(mounts)
        self._by_id = {mount.id: mount for mount in self.mounts}
        self._children: dict[int, list[Mount]] = defaultdict(list)
        self._tops: list[Mount] = []
        for mount in self.mounts:
            if mount.parent in self._by_id and mount.parent != mount.id:
                self._children[mount.parent].append(mount)
            else:
                self._tops.append(mount)

    def of(self, path: str) -> Mount | None:
        """The mount on which *path* (absolute, links resolved) lies; it need not exist.

        Walks from the root down, so a mount that another one hides is never the answer.
        """
        current, below = None, self._tops
        while True:
            crossed = [mount for mount in below if covers(mount.point, path)]
            if not crossed:
                return current
            shortest = min(len(mount.point) for mount in crossed)
            current = [mount for mount in crossed if len(mount.point) == shortest][-1]
            below = self._children[current.id]

    def parent(self, mount: Mount) -> Mount | None:
        """The mount on which *mount* is mounted."""
        found = self._by_id.get(mount.parent)
        return None if found is mount else found

    def reachable(self) -> tuple[Mount, ...]:
        """The mounts that no other one hides."""
        return tuple(mount for mount in self.mounts if self.of(mount.point) is mount)

    def same_file_system(self, mount: Mount) -> tuple[Mount, ...]:
        """Every mount of the file system that *mount* shows, itself included."""
        return tuple(other for other in self.mounts if other.number == mount.number)

    def worth_showing(self) -> tuple[Mount, ...]:
        """One mount for each file system that people may keep files on, the best one of each.

        The best is the one that shows most of it, then the first that was made.
        """
        best: dict[tuple[int, int], Mount] = {}
        for mount in self.reachable():
            if not holds_files(mount):
                continue
            other = best.get(mount.number)
            if other is None or _breadth(mount) < _breadth(other):
                best[mount.number] = mount
        return tuple(best.values())


def _breadth(mount: Mount) -> tuple[int, bool]:
    depth = 0 if mount.root == "/" else mount.root.count("/")
    return depth, mount.read_only


def holds_files(mount: Mount) -> bool:
    """Whether people may keep files on it, so that it is worth showing."""
    if mount.file_system in KERNEL_TYPES:
        return False
    if any(covers(folder, mount.point) for folder in _PEOPLES_FOLDERS):
        return True
    if any(covers(folder, mount.point) for folder in _SYSTEM_FOLDERS + _INNER_FOLDERS):
        return False
    # An AppImage shows itself while it runs, in whatever folder is for temporary files.
    return not mount.point.rpartition("/")[2].startswith(".mount_")
