"""Disks that cannot be plugged in here, told from trees of files laid out as sysfs lays them out.

The attributes and their spelling follow the kernel's documentation of sysfs; nothing here proves
that a real drive shows them so.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from app.places.devices import Device, DeviceKind, speed_class, speed_warning
from app.places.linux.blocks import Blocks
from app.places.linux.devices import LinuxDevices, split_share
from app.places.linux.hardware import hardware, is_removable
from app.places.linux.mounts import MountTable, parse_mountinfo


class Machine:
    """A tree of files laid out as sysfs, and lines of mountinfo."""

    def __init__(self, root: Path) -> None:
        self.sys = root / "sys"
        self.lines: list[str] = []
        for folder in ("class/block", "dev/block", "class/ata_link", "fs/btrfs"):
            (self.sys / folder).mkdir(parents=True)

    def write(self, folder: str, attributes: Mapping[str, str]) -> Path:
        at = self.sys / "devices" / folder
        at.mkdir(parents=True, exist_ok=True)
        for name, value in attributes.items():
            (at / name).parent.mkdir(parents=True, exist_ok=True)
            (at / name).write_text(value + "\n")
        return at

    def block(self, folder: str, number: str, slaves: tuple[str, ...] = (), **more: str) -> str:
        attributes = {"dev": number} | {k.replace("__", "/"): v for k, v in more.items()}
        at = self.write(folder, attributes)
        (self.sys / "class/block" / at.name).symlink_to(at)
        (self.sys / "dev/block" / number).symlink_to(at)
        (at / "slaves").mkdir(exist_ok=True)
        for slave in slaves:
            below = (self.sys / "class/block" / slave).resolve()
            (at / "slaves" / slave).symlink_to(below)
            (below / "holders").mkdir(exist_ok=True)
            (below / "holders" / at.name).symlink_to(at)
        return at.name

    def sata(self, port: int, serial: str, model: str = "WDC WD40") -> str:
        name = f"sd{chr(96 + port)}"
        scsi = f"pci0000:00/0000:00:17.0/ata{port}/host{port}/target{port}:0:0/{port}:0:0:0"
        self.write(scsi, {"vendor": "ATA     ", "model": model, "wwid": f"naa.5{serial}"})
        made = self.block(f"{scsi}/block/{name}", f"8:{port * 16}", removable="0")
        (self.sys / f"devices/{scsi}/block/{name}/device").symlink_to(
            self.sys / "devices" / scsi, target_is_directory=True
        )
        link = self.sys / f"class/ata_link/link{port}"
        link.mkdir()
        (link / "sata_spd").write_text("6.0 Gbps\n")
        return made

    def partition(self, disk: str, number: int) -> str:
        at = (self.sys / "class/block" / disk).resolve()
        major, _, minor = (at / "dev").read_text().strip().partition(":")
        folder = str(at.relative_to(self.sys / "devices") / f"{disk}{number}")
        return self.block(folder, f"{major}:{int(minor) + number}", partition=str(number))

    def usb(self, port: str, name: str, minor: int, speed: str, **usb: str) -> str:
        bus = f"pci0000:00/0000:00:14.0/usb2/{port}"
        facts = {"busnum": "2", "idVendor": "04e8", "idProduct": "61f5", "speed": speed}
        self.write(bus, facts | usb)
        scsi = f"{bus}/{port}:1.0/host4/target4:0:0/4:0:0:{minor % 16}"
        self.write(scsi, {"vendor": "Samsung ", "model": "PSSD T7         "})
        made = self.block(f"{scsi}/block/{name}", f"8:{minor}", removable="0")
        (self.sys / f"devices/{scsi}/block/{name}/device").symlink_to(self.sys / "devices" / scsi)
        return made

    def hardware(self, name: str) -> Device:
        block = Blocks(self.sys).named(name)
        assert block
        return hardware(block, self.sys)

    def mounted(self, number: str, point: str, kind: str = "ext4", source: str = "x") -> None:
        line = f"{len(self.lines) + 10} 1 {number} / {point} rw - {kind} {source} rw"
        self.lines.append(line)

    def device(self, point: str) -> Device:
        table = MountTable(parse_mountinfo("\n".join(self.lines).encode()))
        mount = table.of(point)
        assert mount
        return LinuxDevices(table, Blocks(self.sys)).of_mount(mount)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_usb_drive_is_known_by_its_serial_number_in_every_port(machine: Machine) -> None:
    names = {"manufacturer": "Samsung", "product": "PSSD T7", "serial": "S6XJNS0T123456"}
    first = machine.hardware(machine.usb("2-1", "sdx", 96, "10000", **names))
    second = machine.hardware(machine.usb("2-4", "sdy", 112, "10000", **names))
    assert first == second
    assert first.name == "Samsung PSSD T7 (…3456)"
    assert (first.kind, first.bus) == (DeviceKind.DISK, "usb")
    assert speed_class(first) == "USB 3.2 Gen 2 (10 Gb/s)"
    assert speed_warning(first) == ""


def test_a_drive_that_came_up_as_usb_2_is_warned_of(machine: Machine) -> None:
    slow = machine.hardware(machine.usb("2-1", "sdx", 96, "480", product="PSSD T7", serial="S6XJN"))
    assert speed_class(slow) == "USB 2.0 (480 Mb/s)"
    assert "has come up as USB 2.0 (480 Mb/s)" in speed_warning(slow)


@pytest.mark.parametrize("serial", ["", "0123456789ABCDEF", "000000000000", "123456789"])
def test_a_serial_number_that_says_nothing_is_not_believed(machine: Machine, serial: str) -> None:
    first = machine.hardware(machine.usb("2-1", "sdx", 96, "5000", serial=serial))
    second = machine.hardware(machine.usb("2-4", "sdy", 112, "5000", serial=serial))
    assert first.id != second.id


def test_two_slots_of_one_enclosure_are_one_device(machine: Machine) -> None:
    first = machine.usb("2-1", "sdx", 96, "5000", serial="ABCD1234")
    second = machine.usb("2-1", "sdy", 97, "5000", serial="ABCD1234")
    assert machine.hardware(first).id == machine.hardware(second).id


def test_a_card_reader_is_a_card_and_removable(machine: Machine) -> None:
    name = machine.usb("2-1", "sdx", 96, "5000", product="CFexpress Reader", serial="ABCD1234")
    device = machine.hardware(name)
    assert device.kind is DeviceKind.CARD
    block = Blocks(machine.sys).named(name)
    assert block
    assert is_removable(block, device)


def test_a_sata_disk_is_known_by_its_world_wide_name(machine: Machine) -> None:
    name = machine.sata(1, "0014ee2b1234567")
    machine.partition(name, 1)
    device = machine.hardware(name)
    assert device.id == "wwn:naa.50014ee2b1234567"
    assert device.name == "WDC WD40"
    assert speed_class(device) == "SATA (6 Gb/s)"
    machine.mounted("8:17", "/mnt/a")
    assert machine.device("/mnt/a") == device


def test_namespaces_of_one_nvme_drive_are_one_device(machine: Machine) -> None:
    pci = "pci0000:00/0000:00:1d.0/0000:03:00.0"
    machine.write(pci, {"current_link_speed": "16.0 GT/s PCIe", "current_link_width": "4"})
    control = machine.write(
        f"{pci}/nvme/nvme0", {"model": "Samsung SSD 990 PRO 4TB  ", "serial": "S7KGNU0X123456"}
    )
    for number in (1, 2):
        machine.block(f"{pci}/nvme/nvme0/nvme0n{number}", f"259:{number}", removable="0")
        (control / f"nvme0n{number}/device").symlink_to(control)
    device = machine.hardware("nvme0n1")
    assert device == machine.hardware("nvme0n2")
    assert device.name == "Samsung SSD 990 PRO 4TB (…3456)"
    assert speed_class(device) == "NVMe (63 Gb/s)"


def test_an_nvme_drive_on_an_outside_port_is_thunderbolt(machine: Machine) -> None:
    pci = "pci0000:00/0000:00:07.0/0000:04:00.0"
    machine.write(pci, {"removable": "removable"})
    machine.block(f"{pci}/nvme/nvme1/nvme1n1", "259:3", device__serial="X1Y2Z3", removable="0")
    device = machine.hardware("nvme1n1")
    assert device.bus == "thunderbolt"
    block = Blocks(machine.sys).named("nvme1n1")
    assert block
    assert is_removable(block, device)


def test_an_sd_card_in_a_built_in_slot_is_a_card(machine: Machine) -> None:
    card = machine.write(
        "platform/mmc0/mmc0:aaaa",
        {"type": "SD", "name": "SN256", "serial": "0x1a2b3c4d", "cid": "035344534e"},
    )
    machine.block("platform/mmc0/mmc0:aaaa/block/mmcblk0", "179:0", removable="0")
    (card / "block/mmcblk0/device").symlink_to(card)
    device = machine.hardware("mmcblk0")
    assert (device.id, device.kind) == ("mmc:035344534e", DeviceKind.CARD)


def test_volumes_of_one_lvm_group_are_one_device_also_where_each_has_its_disk(
    machine: Machine,
) -> None:
    a, b = machine.sata(1, "aaa"), machine.sata(2, "bbb")
    group = "LVM-" + "g" * 32
    for number, disk in ((0, a), (1, b)):
        uuid = group + str(number) * 32
        machine.block(f"virtual/block/dm-{number}", f"253:{number}", (disk,), dm__uuid=uuid)
        machine.mounted(f"253:{number}", f"/mnt/lv{number}")
    first, second = machine.device("/mnt/lv0"), machine.device("/mnt/lv1")
    assert first == second
    assert first.name.startswith("Pool of 2 devices")


def test_a_lvm_group_and_an_encrypted_partition_on_one_disk_are_that_disk(machine: Machine) -> None:
    disk = machine.sata(1, "aaa")
    parts = [machine.partition(disk, number) for number in (1, 2)]
    uuids = ("LVM-" + "g" * 64, "CRYPT-LUKS2-" + "c" * 32)
    for number, part in enumerate(parts):
        machine.block(
            f"virtual/block/dm-{number}", f"253:{number}", (part,), dm__uuid=uuids[number]
        )
        machine.mounted(f"253:{number}", f"/mnt/{number}")
    assert machine.device("/mnt/0") == machine.device("/mnt/1") == machine.hardware(disk)


def test_a_raid_and_a_plain_partition_on_one_of_its_disks_are_one_device(machine: Machine) -> None:
    a, b, c = machine.sata(1, "aaa"), machine.sata(2, "bbb"), machine.sata(3, "ccc")
    members = (machine.partition(a, 1), machine.partition(b, 1))
    plain = machine.partition(b, 2)
    machine.block("virtual/block/md0", "9:0", members, md__level="raid1")
    machine.mounted("9:0", "/mnt/raid")
    machine.mounted("8:34", "/mnt/plain")
    machine.mounted("8:48", "/mnt/other")
    assert plain == "sdb2"
    assert machine.device("/mnt/raid") == machine.device("/mnt/plain")
    assert machine.device("/mnt/raid").id != machine.device("/mnt/other").id
    assert machine.device("/mnt/other") == machine.hardware(c)


def test_two_paths_to_one_disk_are_one_device(machine: Machine) -> None:
    paths = (machine.sata(1, "same"), machine.sata(2, "same"))
    machine.block("virtual/block/dm-0", "253:0", paths, dm__uuid="mpath-35000same")
    machine.mounted("253:0", "/mnt/san")
    assert machine.device("/mnt/san") == machine.hardware(paths[0])


def test_compressed_memory_as_a_disk_is_memory(machine: Machine) -> None:
    machine.block("virtual/block/zram1", "252:1")
    machine.mounted("252:1", "/mnt/fast")
    assert not machine.device("/mnt/fast").counts


@pytest.mark.parametrize(
    ("kind", "source", "server", "share"),
    [
        ("nfs4", "nas:/vol/films", "nas", "vol/films"),
        ("nfs", "[fe80::1]:/x", "fe80::1", "x"),
        ("cifs", "//NAS.local/Films/day12", "nas.local", "Films"),
        ("fuse.sshfs", "dit@truck:/srv/a", "truck", ""),
        ("davfs", "https://me@cloud.example/dav/films", "cloud.example", "dav"),
        ("virtiofs", "hostfolder", "host", "hostfolder"),
    ],
)
def test_a_network_mount_is_its_server_and_share(
    kind: str, source: str, server: str, share: str
) -> None:
    (mount,) = parse_mountinfo(f"10 1 0:50 / /mnt/n rw - {kind} {source} rw".encode())
    assert split_share(mount) == (server, share)
    device = LinuxDevices(MountTable([mount]), Blocks(Path("/nowhere"))).of_mount(mount)
    assert device.kind is DeviceKind.SERVER
    assert device.counts


def test_a_server_mounted_by_name_and_by_number_is_one_server(machine: Machine) -> None:
    machine.lines = [
        "10 1 0:50 / /mnt/a rw - nfs4 nas:/films rw,addr=10.0.0.5",
        "11 1 0:51 / /mnt/b rw - nfs4 10.0.0.5:/films rw,addr=10.0.0.5",
        "12 1 0:52 / /mnt/c rw - nfs4 other:/films rw,addr=10.0.0.6",
    ]
    assert machine.device("/mnt/a") == machine.device("/mnt/b")
    assert machine.device("/mnt/a").id != machine.device("/mnt/c").id


def test_an_ltfs_mount_is_a_cartridge_and_an_unknown_program_is_unknown(machine: Machine) -> None:
    machine.mounted("0:60", "/mnt/tape", "fuse", "ltfs:/dev/sg1")
    machine.mounted("0:61", "/mnt/odd", "fuse.odd", "odd")
    assert machine.device("/mnt/tape").kind is DeviceKind.CARTRIDGE
    assert machine.device("/mnt/odd").kind is DeviceKind.UNKNOWN


def test_lines_that_make_no_sense_do_not_hide_the_others() -> None:
    lines = b"\nnonsense\n1 2 3\n10 1 8:1 / /mnt/a\\040b\\011c\\012d\\134e rw - ext4 /dev/sda1 rw\n"
    (mount,) = parse_mountinfo(lines)
    assert mount.point == "/mnt/a b\tc\nd\\e"
