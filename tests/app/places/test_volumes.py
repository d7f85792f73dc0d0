"""Volumes of real mounts: what is shown, which one a path lies on, and what it says of itself."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from mount_bench import Bench, need, run
from offload_bench import wait_for

from app.places.devices import DeviceKind
from app.places.limits import rules_of
from app.places.linux import file_systems
from app.places.linux.file_systems import FileSystems
from app.places.volumes import Volume, device_of, volume_of, volumes

pytestmark = pytest.mark.root


def shown(point: Path) -> list[Volume]:
    return [volume for volume in volumes() if volume.mount_point == point]


def test_a_mounted_card_is_shown_with_label_uuid_and_room(bench: Bench) -> None:
    point = bench.ext4("card", "A003 roll")

    (volume,) = shown(point)

    device = run("findmnt", "-no", "SOURCE", point)
    assert volume.label == "A003 roll"
    assert volume.uuid == run("blkid", "-p", "-s", "UUID", "-o", "value", device)
    assert volume.identity == volume.uuid
    assert volume.source == device
    assert volume.file_system == "ext4"
    room = os.statvfs(point)
    assert volume.capacity == room.f_blocks * room.f_frsize > volume.free > 0
    assert not volume.read_only
    assert not volume.remote
    assert not volume.removable


def test_xfs_says_its_label_and_uuid_too(bench: Bench) -> None:
    need("mkfs.xfs")
    image = bench.image("x.img", 300, "mkfs.xfs", "-q", "-f", "-L", "DAY12")
    device = bench.loop(image)
    volume = volume_of(bench.mount(device, "drive"))
    assert (volume.file_system, volume.label) == ("xfs", "DAY12")
    assert volume.uuid == run("blkid", "-p", "-s", "UUID", "-o", "value", device)


def test_a_volume_without_a_label_is_called_by_its_folder(bench: Bench) -> None:
    assert volume_of(bench.ext4("shuttle 1")).label == "shuttle 1"


def test_a_read_only_mount_is_said_to_be_read_only(bench: Bench) -> None:
    image = bench.image("r.img", 16, "mkfs.ext4", "-qF")
    assert volume_of(bench.mount(bench.loop(image), "r", "-o", "ro")).read_only


def test_a_folder_that_does_not_exist_yet_lies_where_it_will_be_made(bench: Bench) -> None:
    point = bench.ext4("drive", "DRIVE")
    found = volume_of(point / "day 12" / "A003")
    assert found.mount_point == point
    assert found.label == "DRIVE"


def test_a_link_is_followed_to_the_volume_it_leads_to(bench: Bench) -> None:
    point = bench.ext4("drive")
    link = bench.folder / "link"
    link.symlink_to(point, target_is_directory=True)
    assert volume_of(link / "new").mount_point == point


def test_bind_mounts_of_one_file_system_are_one_volume(bench: Bench) -> None:
    point = bench.ext4("drive", "DRIVE")
    (point / "films").mkdir()
    bound = bench.mount(point / "films", "bound", "--bind")
    again = bench.mount(point, "again", "--bind")

    assert [v.mount_point for v in volumes() if v.label == "DRIVE"] == [point]
    for place in (point, bound, again):
        found = volume_of(place / "x")
        assert found.mount_point == place
        assert found.identity == volume_of(point).identity
        assert found.device == volume_of(point).device


def test_a_read_only_bind_mount_is_read_only_while_the_drive_is_not(bench: Bench) -> None:
    point = bench.ext4("drive")
    bound = bench.mount(point, "bound", "--bind", "-o", "ro")
    assert volume_of(bound).read_only
    assert not volume_of(point).read_only


def test_a_mount_hidden_by_another_one_is_not_shown(bench: Bench) -> None:
    below = bench.ext4("place", "BELOW")
    image = bench.image("above.img", 16, "mkfs.ext4", "-qF", "-L", "ABOVE")
    run("mount", bench.loop(image), below)
    bench.taken_down(below)

    assert [v.label for v in volumes() if v.mount_point == below] == ["ABOVE"]
    assert volume_of(below).label == "ABOVE"
    run("umount", below)
    assert volume_of(below).label == "BELOW"


def test_another_file_system_on_the_same_device_and_folder_is_another_volume(bench: Bench) -> None:
    device = bench.loop(bench.image("c.img", 16, "mkfs.ext4", "-qF", "-L", "FIRST"))
    point = bench.mount(device, "card")
    first = volume_of(point)
    run("umount", point)
    run("mkfs.ext4", "-qF", "-L", "SECOND", device)
    run("mount", device, point)

    second = volume_of(point)
    assert (first.label, second.label) == ("FIRST", "SECOND")
    assert first.identity != second.identity


@pytest.mark.parametrize(
    "name",
    ["two words", "line\nbreak", 'quo"te', "back\\slash", "\\040", "card 🎬", "bad \udcff"],
)
def test_every_name_of_a_mount_point_survives(bench: Bench, name: str) -> None:
    point = bench.ext4(name)
    (volume,) = shown(point)
    assert volume.label == name
    assert volume_of(point / "new") == volume
    assert volume.device == device_of(bench.folder)
    json.dumps([str(volume.mount_point), volume.label])


def test_what_the_kernel_mounts_for_itself_is_not_shown() -> None:
    points = [str(volume.mount_point) for volume in volumes()]
    assert "/" in points
    assert not [p for p in points if p.startswith(("/proc", "/sys", "/dev", "/run/lock"))]


def test_exfat_through_fuse_is_told_as_exfat_with_its_label(bench: Bench) -> None:
    need("mount.exfat-fuse", "mkfs.exfat")
    device = bench.loop(bench.image("e.img", 32, "mkfs.exfat", "-L", "SDCARD"))
    point = bench.point("sd")
    bench.fuse(point, "mount.exfat-fuse", device, point)

    (volume,) = shown(point)
    assert (volume.file_system, volume.label) == ("exfat", "SDCARD")
    assert volume.uuid == run("blkid", "-p", "-s", "UUID", "-o", "value", device)
    assert volume.device == device_of(bench.folder)
    assert rules_of(volume).refuses("take 1?.mov")


def test_ntfs_on_an_image_through_fuse_is_told_as_ntfs_on_the_images_disk(bench: Bench) -> None:
    need("ntfs-3g", "mkfs.ntfs")
    image = bench.image("n.img", 16, "mkfs.ntfs", "-F", "-q", "-L", "WIN")
    point = bench.point("win")
    bench.fuse(point, "ntfs-3g", image, point)
    volume = volume_of(point)
    assert (volume.file_system, volume.label) == ("ntfs", "WIN")
    assert volume.device == device_of(bench.folder)


def test_fat_through_fuse_lies_on_the_disk_of_its_image(bench: Bench) -> None:
    need("fusefat", "mkfs.vfat")
    image = bench.image("f.img", 40, "mkfs.vfat", "-n", "CARDFAT")
    point = bench.point("fat")
    bench.fuse(point, "fusefat", "-o", "rw+", image, point)
    # On a busy machine what reads the label may not answer in time, and is asked again.
    wait_for(lambda: volume_of(point).label == "CARDFAT", "the label is known", patience=60)
    volume = volume_of(point)
    assert volume.device == device_of(bench.folder)
    assert rules_of(volume).max_file_size == 4294967295
    assert rules_of(volume).refuses("Bär.mov")


@pytest.mark.parametrize("again", [0, 1000])
def test_a_label_that_was_not_told_in_time_is_asked_for_again_but_not_all_the_time(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, again: float
) -> None:
    image, busy = bench.image("l.img", 16, "mkfs.ext4", "-qF", "-L", "LATE"), bench.folder / "busy"
    program = bench.folder / "bin" / "blkid"
    program.parent.mkdir()
    real = shutil.which("blkid", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    program.write_text(f'#!/bin/sh\n[ -e "{busy}" ] && exec sleep 60\nexec "{real}" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(file_systems, "_AGAIN_SECONDS", again)
    monkeypatch.setattr(file_systems, "_BLKID_SECONDS", 0.2)
    systems = FileSystems()
    busy.touch()
    assert systems.of_image(image, "key").label == ""
    busy.unlink()
    monkeypatch.setattr(file_systems, "_BLKID_SECONDS", 60)
    assert systems.of_image(image, "key").label == ("" if again else "LATE")
    busy.touch()  # what it has told is remembered
    assert systems.of_image(image, "key").label == ("" if again else "LATE")


def test_a_fuse_program_that_hangs_does_not_hold_up_the_list(bench: Bench) -> None:
    need("mount.exfat-fuse", "mkfs.exfat")
    device = bench.loop(bench.image("e.img", 32, "mkfs.exfat"))
    point = bench.point("sd")
    bench.fuse(point, "mount.exfat-fuse", device, point)
    program = int(run("pgrep", "-f", f"mount.exfat-fuse {device} "))
    os.kill(program, signal.SIGSTOP)
    try:
        began = time.perf_counter()
        (first,) = shown(point)
        (second,) = shown(point)
        assert time.perf_counter() - began < 20
        assert (first.capacity, second.capacity) == (0, 0)
        assert first.device == device_of(bench.folder)
    finally:
        os.kill(program, signal.SIGCONT)
    end = time.monotonic() + 10
    while not shown(point)[0].capacity and time.monotonic() < end:
        pass
    assert shown(point)[0].capacity > 0


def test_a_memory_file_system_is_shown_and_never_counts(bench: Bench) -> None:
    point = bench.mount("tmpfs", "fast", "-t", "tmpfs", "-o", "size=8m")
    (volume,) = shown(point)
    assert volume.device.kind is DeviceKind.MEMORY
    assert not volume.device.counts
    assert volume.capacity == 8 << 20
