"""What a file system can hold: names, sizes, links, attributes, times.

The rules are those of the format where a drive must be readable elsewhere: a name that Linux
writes to NTFS and Windows cannot open is refused.
"""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass, replace
from enum import StrEnum

from app.places.volumes import Volume
from app.units import bytes_text


class LengthUnit(StrEnum):
    """In what the length of a name is counted."""

    BYTES = "bytes"
    UTF16 = "UTF-16 units"


class Unicode(StrEnum):
    """Whether a file system tells composed from decomposed letters."""

    AS_GIVEN = "as given"
    NORMALISED = "normalised"
    """`é` as one letter and as two are the same name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRules:
    """What one kind of file system can hold."""

    file_system: str
    """Its name for people: exFAT, FAT32, …"""
    max_length: int = 255
    length_unit: LengthUnit = LengthUnit.BYTES
    forbidden: frozenset[str] = frozenset({"/", "\0"})
    """Characters that no name may hold."""
    forbidden_endings: tuple[str, ...] = ()
    reserved: frozenset[str] = frozenset()
    """Names, upper case and without ending, that no file may have."""
    ascii_only: bool = False
    any_bytes: bool = True
    """Whether a name may be other than UTF-8."""
    case_insensitive: bool = False
    unicode: Unicode = Unicode.AS_GIVEN
    max_file_size: int | None = None
    """Bytes; None where no file will ever reach the limit."""
    holds_links: bool = True
    """Symbolic links."""
    holds_xattrs: bool = True
    holds_modes: bool = True
    """Owners' permission bits."""
    holds_sparse: bool = True
    time_resolution_ns: int = 1
    """How fine modification times are kept."""

    def refuses(self, name: str) -> str | None:
        """Why *name* (one part of a path) cannot be held, in words; None when it can."""
        if len(name) <= self.max_length and _PLAIN(name):
            return None
        return (
            self._refuses_encoding(name)
            or self._refuses_characters(name)
            or self._refuses_ending(name)
            or self._refuses_length(name)
        )

    def refuses_size(self, size: int) -> str | None:
        """Why a file of *size* bytes cannot be held, in words; None when it can."""
        if self.max_file_size is None or size <= self.max_file_size:
            return None
        return (
            f"{self.file_system} holds files of at most {bytes_text(self.max_file_size)}, "
            f"and this one has {bytes_text(size)}"
        )

    def fold(self, name: str) -> str:
        """The key under which two names are the same one on this file system."""
        if self.unicode is Unicode.NORMALISED:
            name = unicodedata.normalize("NFD", name)
            return unicodedata.normalize("NFD", name.casefold()) if self.case_insensitive else name
        if self.case_insensitive:
            return "".join(map(_upper, name))
        return name

    @property
    def merges_names(self) -> bool:
        """Whether different names may be the same one there; see `fold`."""
        return self.case_insensitive or self.unicode is Unicode.NORMALISED

    def _refuses_encoding(self, name: str) -> str | None:
        if name in {"", ".", ".."}:
            return f'"{name}" is no name for a file'
        if not self.any_bytes and any("\ud800" <= char <= "\udfff" for char in name):
            return f"the name is not valid UTF-8, and {self.file_system} keeps only Unicode"
        if self.ascii_only and not name.isascii():
            return f"{self.file_system} as mounted here keeps only English letters in names"
        return None

    def _refuses_characters(self, name: str) -> str | None:
        if self.forbidden.isdisjoint(name):
            return None
        shown = ", ".join(_character(char) for char in sorted(self.forbidden.intersection(name)))
        return f"{self.file_system} allows no {shown} in names"

    def _refuses_ending(self, name: str) -> str | None:
        if self.forbidden_endings and name.endswith(self.forbidden_endings):
            return f"on {self.file_system} a name cannot end with {_character(name[-1])}"
        if self.reserved and (stem := name.partition(".")[0].rstrip(" ").upper()) in self.reserved:
            return f"{stem} is a name that Windows keeps for a device"
        return None

    def _refuses_length(self, name: str) -> str | None:
        length = _length(name, self.length_unit)
        if length <= self.max_length:
            return None
        unit = "bytes" if self.length_unit is LengthUnit.BYTES else "characters"
        return (
            f"the name has {length} {unit}, and {self.file_system} holds at most {self.max_length}"
        )


def rules_of(volume: Volume) -> NameRules:
    """The rules of the file system on *volume*; those of POSIX where it is not known."""
    kind = volume.file_system
    if kind in _RULES:
        return _RULES[kind]
    if kind.startswith("fuse"):
        # Nothing is known of what is behind it: keep what counts, promise nothing else.
        name = kind.removeprefix("fuse.")
        return replace(POSIX, file_system=name, holds_xattrs=False)
    return replace(POSIX, file_system=kind)


def _length(name: str, unit: LengthUnit) -> int:
    if name.isascii():
        return len(name)
    if unit is LengthUnit.BYTES:
        return len(os.fsencode(name))
    return len(name.encode("utf-16-le", "surrogatepass")) // 2


def _upper(char: str) -> str:
    """As the upper-case tables of FAT and NTFS do it: one for one, so ß stays ß."""
    upper = char.upper()
    return upper if len(upper) == 1 else char


def _character(char: str) -> str:
    words = {" ": "space", "\n": "line break", "\t": "tab", "\0": "zero byte", ".": "full stop"}
    if char in words:
        return words[char]
    return char if char.isprintable() else f"control character {ord(char):#04x}"


_PLAIN = re.compile(
    r"(?!con|prn|aux|nul|com|lpt)[a-z0-9_-]+(?:\.[a-z0-9_-]+)*", re.ASCII | re.IGNORECASE
).fullmatch
"""Names as cameras give them, which every file system holds: they need no closer look."""
_CONTROLS = frozenset(map(chr, range(32)))
_WINDOWS = _CONTROLS | frozenset('"*/:<>?\\|')
_DEVICES = frozenset({"CON", "PRN", "AUX", "NUL"}) | frozenset(
    f"{port}{number}" for port in ("COM", "LPT") for number in "123456789¹²³"
)

POSIX = NameRules(file_system="POSIX")
"""Any bytes but a slash, 255 at most."""

_WINDOWS_RULES = NameRules(
    file_system="NTFS",
    length_unit=LengthUnit.UTF16,
    forbidden=_WINDOWS,
    forbidden_endings=(" ", "."),
    reserved=_DEVICES,
    any_bytes=False,
    case_insensitive=True,
    holds_links=False,
    holds_xattrs=False,
    holds_modes=False,
    time_resolution_ns=100,
)
_NTFS = replace(_WINDOWS_RULES, holds_xattrs=True, holds_links=True)
_EXFAT = replace(
    _WINDOWS_RULES, file_system="exFAT", holds_sparse=False, time_resolution_ns=10_000_000
)
_FAT = replace(
    _EXFAT, file_system="FAT32", max_file_size=(1 << 32) - 1, time_resolution_ns=2_000_000_000
)
_SMB = replace(_WINDOWS_RULES, file_system="SMB")
_APFS = NameRules(
    file_system="APFS",
    any_bytes=False,
    case_insensitive=True,
    unicode=Unicode.NORMALISED,
)
_HFS = NameRules(
    file_system="HFS+",
    length_unit=LengthUnit.UTF16,
    forbidden=frozenset({"/", ":", "\0"}),
    any_bytes=False,
    case_insensitive=True,
    unicode=Unicode.NORMALISED,
    holds_sparse=False,
    time_resolution_ns=1_000_000_000,
)
_RULES = {
    "ext2": replace(POSIX, file_system="ext2", time_resolution_ns=1_000_000_000),
    "ext3": replace(POSIX, file_system="ext3", time_resolution_ns=1_000_000_000),
    "ext4": replace(POSIX, file_system="ext4", max_file_size=(1 << 44) - 4096),
    "xfs": replace(POSIX, file_system="XFS"),
    "btrfs": replace(POSIX, file_system="btrfs"),
    "zfs": replace(POSIX, file_system="ZFS"),
    "tmpfs": replace(POSIX, file_system="tmpfs"),
    "nfs": replace(POSIX, file_system="NFS", holds_xattrs=False),
    "nfs4": replace(POSIX, file_system="NFS", holds_xattrs=False),
    "fuse.sshfs": replace(
        POSIX, file_system="sshfs", holds_xattrs=False, time_resolution_ns=1_000_000_000
    ),
    "udf": replace(
        POSIX,
        file_system="UDF",
        max_length=127,
        length_unit=LengthUnit.UTF16,
        any_bytes=False,
        holds_xattrs=False,
        time_resolution_ns=1_000,
    ),
    "ntfs": _NTFS,
    "ntfs3": _NTFS,
    "exfat": _EXFAT,
    "vfat": _FAT,
    "msdos": _FAT,
    "fat32": _FAT,
    "fuse.fusefat": replace(_FAT, ascii_only=True),
    # What a FUSE program drives on a disk and we could not tell is NTFS or exFAT.
    "fuseblk": replace(_EXFAT, file_system="NTFS or exFAT"),
    "cifs": _SMB,
    "smb3": _SMB,
    "smbfs": _SMB,
    "apfs": _APFS,
    "hfs": _HFS,
    "hfsplus": _HFS,
}
