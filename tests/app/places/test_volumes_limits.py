"""What each file system can hold; its word against the real one where that can be mounted."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mount_bench import Bench, need

from app.places.devices import Device
from app.places.limits import NameRules, rules_of
from app.places.volumes import Volume, volume_of


def rules(file_system: str) -> NameRules:
    return rules_of(
        Volume(
            mount_point=Path("/mnt/x"),
            source="x",
            file_system=file_system,
            label="x",
            uuid="",
            capacity=1,
            free=1,
            device=Device(id="x", name="x"),
        )
    )


@pytest.mark.parametrize("file_system", ["vfat", "exfat", "ntfs", "ntfs3", "cifs", "fuseblk"])
@pytest.mark.parametrize(
    "name",
    ["a:b", "a?", "a*b", 'a"b', "a<b", "a>b", "a|b", "a\\b", "line\nbreak", "end.", "end ", "CON",
     "con.mov", "Lpt1.txt", "bad \udcff", "a" * 256, "🎬" * 128],
)  # fmt: skip
def test_windows_file_systems_refuse_in_words(file_system: str, name: str) -> None:
    reason = rules(file_system).refuses(name)
    assert reason
    assert "\n" not in reason
    reason.encode("utf-8")


@pytest.mark.parametrize("file_system", ["vfat", "exfat", "ntfs", "ext4", "xfs", "apfs"])
@pytest.mark.parametrize("name", ["A003C001.mov", "Bär 🎬.mov", ".hidden", "CONTENTS", "a" * 255])
def test_ordinary_names_are_held_everywhere(file_system: str, name: str) -> None:
    assert rules(file_system).refuses(name) is None


@given(
    st.from_regex(r"(con|prn|aux|nul|com|lpt)?[0-9]?[A-Za-z0-9_.-]{0,20}", fullmatch=True),
    st.sampled_from(["ntfs", "vfat", "ext4"]),
)
def test_short_names_of_letters_and_digits_are_refused_for_devices_and_dots_only(
    name: str, kind: str
) -> None:
    stem = name.partition(".")[0].upper()
    device = stem in {"CON", "PRN", "AUX", "NUL"} or re.fullmatch("(COM|LPT)[1-9]", stem)
    windows = kind != "ext4" and (device or name.endswith("."))
    assert bool(rules(kind).refuses(name)) == bool(name in {"", ".", ".."} or windows)


def test_linux_file_systems_count_bytes_and_take_any_of_them() -> None:
    ext4 = rules("ext4")
    assert ext4.refuses("bad \udcff\n:?") is None
    assert ext4.refuses("ä" * 127) is None
    assert ext4.refuses("ä" * 128) == "the name has 256 bytes, and ext4 holds at most 255"


def test_names_collide_as_the_file_system_sees_them() -> None:
    composed, decomposed = "\xe4.mov", "a\u0308.mov"
    for kind, case, form in (
        ("ext4", False, False),
        ("exfat", True, False),
        ("ntfs", True, False),
        ("apfs", True, True),
        ("hfsplus", True, True),
    ):
        fold = rules(kind).fold
        assert (fold("a.MOV") == fold("A.mov")) is case, kind
        assert (fold(composed) == fold(decomposed)) is form, kind
    assert rules("exfat").fold("straße") != rules("exfat").fold("strasse")


def test_fat_refuses_one_byte_too_many_and_names_the_limit() -> None:
    fat = rules("vfat")
    assert fat.refuses_size(4294967295) is None
    assert "4.3 GB" in (fat.refuses_size(4294967296) or "")
    assert rules("exfat").refuses_size(10**15) is None


def test_an_unknown_file_system_is_named_as_it_is() -> None:
    assert rules("newfs").file_system == "newfs"
    assert not rules("fuse.something").holds_xattrs


@given(st.text(), st.sampled_from(["vfat", "exfat", "ntfs", "ext4", "apfs", "hfsplus", "udf"]))
def test_no_name_at_all_is_too_strange(name: str, kind: str) -> None:
    found = rules(kind)
    found.refuses(name)
    assert found.fold(found.fold(name)) == found.fold(name)


NAMES = ["plain.mov", "Bär 🎬.mov", "a:b", "a?b", "line\nbreak", "bad \udcff", "a" * 255, "a" * 256,
         "ä" * 128, "quo\"te", "a|b", "x<y"]  # fmt: skip


@pytest.mark.root
@pytest.mark.parametrize("kind", ["ext4", "exfat", "xfs", "tmpfs", "btrfs"])
def test_the_real_file_system_takes_what_the_rules_allow(bench: Bench, kind: str) -> None:
    point = mounted(bench, kind)
    found = rules_of(volume_of(point))
    reasons: set[int | None] = set()
    for name in NAMES:
        try:
            (point / name).write_bytes(b"")
            held = (point / name).exists()
        except OSError as error:
            held = False
            reasons.add(error.errno)
        assert held is (found.refuses(name) is None), name
    assert not reasons & {errno.ENOSPC, errno.EIO}
    (point / "case.mov").write_bytes(b"")
    assert (point / "CASE.mov").exists() is found.case_insensitive
    try:
        (point / "link").symlink_to("plain.mov")
        links = True
    except OSError:
        links = False
    assert links is found.holds_links


def mounted(bench: Bench, kind: str) -> Path:
    if kind == "tmpfs":
        return bench.mount("tmpfs", "t", "-t", "tmpfs")
    sizes = {"ext4": 16, "exfat": 32, "xfs": 300, "btrfs": 120}
    make = {"ext4": ("-qF",), "exfat": (), "xfs": ("-q", "-f"), "btrfs": ("-q", "-f")}
    need(f"mkfs.{kind}")
    device = bench.loop(bench.image("i.img", sizes[kind], f"mkfs.{kind}", *make[kind]))
    if kind != "exfat":
        return bench.mount(device, "m")
    need("mount.exfat-fuse")
    point = bench.point("m")
    return bench.fuse(point, "mount.exfat-fuse", device, point)
