"""Ejecting real mounts: what goes, what stays, and who is named when it cannot."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from click.testing import CliRunner
from mount_bench import Bench, need, run

from app.cli.eject import eject_command
from app.cli.volumes import volumes_command
from app.errors import EnvironmentFault, NotFound, PlaceBusy, Refusal
from app.places.eject import eject, holders
from app.places.volumes import volume_of, volumes

pytestmark = pytest.mark.root


@contextmanager
def program(code: str, *arguments: object, cwd: Path | None = None) -> Iterator[int]:
    """A program that runs *code* and then waits; its pid, once *code* is done."""
    waits = f"import sys; {code}; print('ready', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", waits, *map(os.fspath, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=cwd,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        try:
            yield process.pid
        finally:
            process.kill()


def loops() -> str:
    return run("losetup", "-ln", "-O", "NAME,BACK-FILE")


def test_an_ejected_card_is_unmounted_written_out_and_its_loop_is_gone(bench: Bench) -> None:
    point = bench.ext4("card", "A003")
    (point / "A003C001.mov").write_bytes(b"x" * 5000)

    result = eject(point / "A003C001.mov")

    assert result.unmounted == (point,)
    assert not result.powered_off
    assert result.text == "A003 is ejected. It may be unplugged."
    assert not os.path.ismount(point)
    assert str(bench.folder) not in loops()
    again = bench.mount(bench.loop(bench.folder / "card.img"), "again")
    assert (again / "A003C001.mov").read_bytes() == b"x" * 5000


def test_all_partitions_and_bind_mounts_of_the_drive_go_together(bench: Bench) -> None:
    need("addpart")
    disk = bench.loop(bench.image("disk.img", 64))
    points = []
    for number, start in ((1, 2048), (2, 67584)):
        part = bench.partition(disk, number, start, 60000)
        run("mkfs.ext4", "-qF", part)
        points.append(bench.mount(part, f"part{number}"))
    points.append(bench.mount(points[0], "bound", "--bind"))
    stays = bench.ext4("other")

    assert set(eject(points[1]).unmounted) == set(points)
    assert not [point for point in points if os.path.ismount(point)]
    assert os.path.ismount(stays)
    assert "disk.img" not in loops()


def test_a_program_with_an_open_file_is_named_with_the_file(bench: Bench) -> None:
    need("addpart")
    disk = bench.loop(bench.image("disk.img", 64))
    points = []
    for number, start in ((1, 2048), (2, 67584)):
        part = bench.partition(disk, number, start, 60000)
        run("mkfs.ext4", "-qF", part)
        points.append(bench.mount(part, f"part{number}"))
    clip = points[0] / "take 1.mov"
    with program("f = open(sys.argv[1], 'wb')", clip) as pid:
        with pytest.raises(PlaceBusy) as raised:
            eject(points[0])
        assert str(clip) in str(raised.value)
        assert str(pid) in str(raised.value)
        assert "python" in str(raised.value)
        assert raised.value.path == clip
        (holder,) = holders(volume_of(points[0]))
        assert (holder.pid, holder.path) == (pid, str(clip))
        assert all(map(os.path.ismount, points)), "nothing goes while one part is busy"
    assert set(eject(points[0]).unmounted) == set(points)


@pytest.mark.parametrize("name", ["in here", "line\nbreak", "bad \udcff", "x (deleted)"])
def test_a_program_that_works_in_a_folder_is_named_with_the_folder(bench: Bench, name: str) -> None:
    folder = bench.ext4("card") / name
    folder.mkdir()
    with program("pass", cwd=folder) as pid:
        (holder,) = holders(volume_of(folder))
        assert holder.pid == pid
        assert folder == Path(holder.path) or name == "x (deleted)"
        with pytest.raises(PlaceBusy):
            eject(folder)


def test_a_program_that_maps_a_file_is_named_with_the_file(bench: Bench) -> None:
    file = bench.ext4("card") / "clip"
    file.write_bytes(b"x" * 4096)
    code = (
        "import mmap, os; f = os.open(sys.argv[1], os.O_RDONLY); "
        "m = mmap.mmap(f, 0, prot=mmap.PROT_READ); os.close(f)"
    )
    # The map keeps a descriptor of its own in Python: close that as well.
    code += "; [os.close(n) for n in range(3, 9) if os.path.exists(f'/proc/self/fd/{n}')]"
    with program(code, file) as pid:
        assert file not in [link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir()]
        assert [(h.pid, h.path) for h in holders(volume_of(file))] == [(pid, str(file))]


def test_a_program_on_another_volume_mounted_below_is_no_holder(bench: Bench) -> None:
    outer = bench.ext4("outer")
    inner = bench.mount("tmpfs", "outer/inner", "-t", "tmpfs")
    with program("f = open(sys.argv[1], 'wb')", inner / "x"):
        assert holders(volume_of(outer)) == ()


def test_a_volume_with_another_one_mounted_inside_is_busy(bench: Bench) -> None:
    outer = bench.ext4("outer")
    inner = bench.mount("tmpfs", "outer/inner", "-t", "tmpfs")
    with pytest.raises(PlaceBusy, match="another volume") as raised:
        eject(outer)
    assert raised.value.path == inner
    assert os.path.ismount(outer)


def test_a_drive_with_a_mounted_image_on_it_is_busy_and_names_the_image(bench: Bench) -> None:
    outer = bench.ext4("outer", size=64)
    image = bench.image("inner.img", 16, "mkfs.ext4", "-qF", folder=outer)
    inner = bench.mount(bench.loop(image), "inner")
    with pytest.raises(PlaceBusy, match="loop") as raised:
        eject(outer)
    assert raised.value.path == image
    assert eject(inner).unmounted == (inner,)
    assert eject(outer).unmounted == (outer,)


@pytest.mark.parametrize("place", ["/", "/usr/bin", "/dev/shm", "/proc/self"])
def test_the_systems_own_places_are_refused(place: str) -> None:
    with pytest.raises(Refusal, match="this system runs from"):
        eject(Path(place))
    assert os.path.ismount("/dev/shm")


def test_exfat_through_fuse_is_ejected_and_keeps_its_files(bench: Bench) -> None:
    need("mount.exfat-fuse", "mkfs.exfat")
    device = bench.loop(bench.image("e.img", 32, "mkfs.exfat"))
    point = bench.point("sd")
    bench.fuse(point, "mount.exfat-fuse", device, point)
    (point / "clip").write_bytes(b"x" * 100_000)

    assert eject(point).unmounted == (point,)
    assert str(bench.folder) not in loops()
    device = bench.loop(bench.folder / "e.img")
    bench.fuse(point, "mount.exfat-fuse", device, point)
    assert (point / "clip").read_bytes() == b"x" * 100_000


def test_a_drive_that_does_not_answer_is_said_not_to_answer(bench: Bench) -> None:
    need("mount.exfat-fuse", "mkfs.exfat")
    device = bench.loop(bench.image("e.img", 32, "mkfs.exfat"))
    point = bench.point("sd")
    bench.fuse(point, "mount.exfat-fuse", device, point)
    volume = volume_of(point)
    driver = int(run("pgrep", "-f", f"mount.exfat-fuse {device} "))
    os.kill(driver, signal.SIGSTOP)
    try:
        with pytest.raises(EnvironmentFault, match="does not answer"):
            eject(volume)
    finally:
        os.kill(driver, signal.SIGCONT)
    assert eject(volume).unmounted == (point,)


def test_a_drive_whose_driver_died_is_listed_and_can_be_taken_away(bench: Bench) -> None:
    need("fusefat", "mkfs.vfat")
    image = bench.image("f.img", 40, "mkfs.vfat")
    point = bench.point("fat")
    bench.fuse(point, "fusefat", "-o", "rw+", image, point)
    os.kill(int(run("pgrep", "-f", f"fusefat .*{image}")), signal.SIGKILL)
    (listed,) = (volume for volume in volumes() if volume.mount_point == point)
    assert listed.capacity == 0
    done = CliRunner().invoke(eject_command, [str(point), "--json"])
    assert done.exit_code == 0, done.output
    assert not os.path.ismount(point)


def test_a_drive_that_an_overlay_stands_on_is_busy(bench: Bench) -> None:
    drive = bench.ext4("drive", "DRIVE")
    for folder in ("lower", "upper", "work"):
        (drive / folder).mkdir()
    options = f"lowerdir={drive}/lower,upperdir={drive}/upper,workdir={drive}/work"
    over = bench.mount("overlay", "both", "-t", "overlay", "-o", options)
    with pytest.raises(PlaceBusy, match="the overlay at") as raised:
        eject(drive)
    assert str(over) in str(raised.value)
    assert os.path.ismount(drive)


def test_a_container_that_still_has_it_mounted_is_named(bench: Bench) -> None:
    need("unshare")
    drive = bench.ext4("drive", "DRIVE")
    command = ["unshare", "-m", "sh", "-c", "echo ready; read line"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        with pytest.raises(PlaceBusy, match="still has it mounted") as raised:
            eject(drive)
        assert f"sh ({process.pid})" in str(raised.value)
        assert "Do not unplug it yet" in str(raised.value)
        process.kill()


def test_a_hold_that_no_program_shows_is_said_to_be_unseen(bench: Bench) -> None:
    need("mkswap", "swapon", "swapoff")
    drive = bench.ext4("drive", "DRIVE", size=64)
    file = drive / "swap"
    file.write_bytes(b"\0" * (8 << 20))
    file.chmod(0o600)
    run("mkswap", file)
    if subprocess.run(["swapon", file], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine allows no swap file")
    try:
        with pytest.raises(PlaceBusy, match="DRIVE is in use, by a program that we may not see"):
            eject(drive)
        assert os.path.ismount(drive)
    finally:
        run("swapoff", file)


AS_ANOTHER_USER = """
import os, sys
from pathlib import Path
from app.cli.eject import eject_command
import app.places.linux.eject, app.places.linux.volumes  # this user may not read them later
os.seteuid(65534)
eject_command(sys.argv[1:])
"""


def as_another_user(place: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", AS_ANOTHER_USER, place],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )


@pytest.fixture
def open_bench() -> Iterator[Bench]:
    """A bench in a folder that every user may enter."""
    need("losetup", "mkfs.ext4")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        made = Bench(Path(folder))
        try:
            yield made
        finally:
            made.close()


def test_without_root_a_fuse_mount_is_ejected_by_its_own_tool(open_bench: Bench) -> None:
    need("fusefat", "mkfs.vfat", "fusermount3")
    image = open_bench.image("f.img", 40, "mkfs.vfat")
    point = open_bench.point("fat")
    open_bench.fuse(point, "fusefat", "-o", "rw+", image, point)
    done = as_another_user(point)
    assert done.returncode == 0, done.stderr
    assert not os.path.ismount(point)


def test_without_root_and_udisks_a_drive_is_refused_with_the_way_out(open_bench: Bench) -> None:
    if shutil.which("udisksctl"):
        pytest.skip("udisks is installed and may unmount it")
    point = open_bench.ext4("drive")
    done = as_another_user(point)
    assert done.returncode == 2
    assert "Install udisks2" in done.stderr
    assert os.path.ismount(point)


def test_a_volume_that_went_by_itself_is_refused_in_words(bench: Bench) -> None:
    volume = volume_of(bench.ext4("card", "A003"))
    run("umount", volume.mount_point)
    with pytest.raises(Refusal, match="A003 is no longer mounted"):
        eject(volume)


def test_the_command_ejects_by_label_and_says_so_in_json(bench: Bench) -> None:
    point = bench.ext4("card", "ROLL A003")
    done = CliRunner().invoke(eject_command, ["ROLL A003", "--json"])
    assert done.exit_code == 0
    result = json.loads(done.stdout.splitlines()[-1])
    assert (result["event"], result["ejected"]) == ("result", True)
    assert result["unmounted"] == [str(point)]
    assert not os.path.ismount(point)


def test_the_command_exits_with_1_for_a_busy_card_and_2_for_the_system(bench: Bench) -> None:
    point = bench.ext4("bad \udcff")
    with program("f = open(sys.argv[1], 'wb')", point / "clip"):
        done = CliRunner().invoke(eject_command, [str(point), "--json"])
    assert done.exit_code == 1
    assert "clip" in json.loads(done.stdout.splitlines()[-1])["error"]
    assert "Still in use" in done.output
    assert CliRunner().invoke(eject_command, ["/"]).exit_code == 2
    done = CliRunner().invoke(eject_command, ["no such card"])
    assert done.exit_code == 2
    assert NotFound.title in done.output


def test_the_volumes_command_shows_every_name_on_one_line(bench: Bench) -> None:
    points = [bench.ext4(name) for name in ("line\nbreak", "bad \udcff", "quo'te\"")]
    done = CliRunner().invoke(volumes_command, ["--json"])
    assert done.exit_code == 0
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows[-1] == {"event": "result", "volumes": len(rows) - 1}
    shown = [row["mount_point"] for row in rows[:-1]]
    assert all(str(point) in shown for point in points)
    plain = CliRunner().invoke(volumes_command, [])
    assert plain.exit_code == 0
    lines = plain.stdout.splitlines()
    # Other volumes may come and go meanwhile; each of ours stands on a line of its own.
    for words in ("line\\nbreak", "bad \\xff", "quo'te"):
        assert len([line for line in lines if words in line]) == 1


def test_on_a_terminal_the_volumes_are_a_table(bench: Bench) -> None:
    bench.ext4("card", "ROLL A003")
    code = "from app.cli.volumes import volumes_command; volumes_command([])"
    inside, outside = pty.openpty()
    with os.fdopen(inside, "rb", buffering=0) as terminal:
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdout=outside,
            stderr=outside,
            check=False,
            cwd=Path(__file__).parents[3],
            env=os.environ | {"COLUMNS": "220", "TERM": "xterm"},
        )
        os.close(outside)
        shown = b""
        with suppress(OSError):  # the terminal ends with an error once its other side is closed
            while part := terminal.read(65536):
                shown += part
    assert done.returncode == 0
    row = next(line for line in shown.decode().splitlines() if "ROLL A003" in line)
    assert "ext4" in row
    assert "MB" in row
