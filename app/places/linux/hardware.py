"""Which hardware a whole disk is on Linux: identity, name, bus and negotiated speed.

Identities come from sysfs alone, so that they are the same with udev and without it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from app.places.devices import Device, DeviceKind
from app.places.linux.blocks import Block

_READER = re.compile(r"\b(reader|card|cfexpress|cfast|xqd|sxs|sd/mmc|multi-?card|codex)\b", re.I)
_OWN_WWN = ("naa.5", "eui.", "t10.ATA", "nvme.", "uuid.")
"""World-wide names that a drive brings itself, also behind a bridge."""
_GIGATRANSFERS = re.compile(r"([\d.]+)\s*GT/s")
_NETWORKED = {"nbd": "Network block device", "rbd": "Ceph block device", "drbd": "DRBD device"}


@dataclass(frozen=True, slots=True)
class _Usb:
    """The USB device above a disk."""

    folder: Path

    def text(self, attribute: str) -> str:
        return Block(self.folder).text(attribute)

    @property
    def speed(self) -> int:
        try:
            return round(float(self.text("speed")) * 1e6)
        except ValueError:
            return 0

    @property
    def serial(self) -> str:
        serial = self.text("serial")
        return "" if _is_filler(serial) else serial


def hardware(disk: Block, sys: Path = Path("/sys")) -> Device:
    """The device that a whole disk is."""
    name = disk.name
    for prefix, word in _NETWORKED.items():
        if re.fullmatch(prefix + r"\d+", name):
            return Device(id=f"{prefix}:{name}", name=f"{word} {name}", bus="network")
    usb = _usb(disk.folder)
    if usb:
        return _usb_device(disk, usb)
    if name.startswith("nvme"):
        return _nvme(disk)
    if name.startswith("mmcblk"):
        return _mmc(disk)
    return _other(disk, sys)


def is_removable(disk: Block, device: Device) -> bool:
    """Whether it is made to be taken away: a card, or a drive on an outside port."""
    if device.bus in {"usb", "thunderbolt", "firewire"} or device.kind is DeviceKind.CARD:
        return True
    return disk.text("removable") == "1"


def _usb_device(disk: Block, usb: _Usb) -> Device:
    vendor = usb.text("manufacturer") or disk.text("device/vendor")
    model = usb.text("product") or disk.text("device/model")
    wwn = disk.text("device/wwid")
    kinds = f"{usb.text('idVendor')}:{usb.text('idProduct')}"
    # Two slots of one enclosure without names of their own are one device: they may be halves
    # of one RAID, and counting one device as two is the worse mistake.
    if wwn.startswith(_OWN_WWN):
        identity = f"wwn:{_joined(wwn)}"
    elif usb.serial:
        identity = f"usb:{kinds}:{usb.serial}"
    else:
        identity = f"port:{_below_devices(usb.folder)}"
    scsi = f"{disk.text('device/vendor')} {disk.text('device/model')}"
    is_card = bool(_READER.search(f"{vendor} {model} {scsi}"))
    return Device(
        id=identity,
        name=_name(vendor, model, usb.serial) or f"USB drive {disk.name}",
        kind=DeviceKind.CARD if is_card else DeviceKind.DISK,
        bus="usb",
        bus_speed=usb.speed,
    )


def _nvme(disk: Block) -> Device:
    model, serial = disk.text("device/model"), disk.text("device/serial")
    if serial and not _is_filler(serial):
        identity = f"nvme:{_joined(model)}:{serial}"
    elif wwn := disk.text("wwid"):
        identity = f"wwn:{_joined(wwn)}"
    else:
        identity = f"port:{_below_devices(_port(disk))}"
    pci = next((p for p in disk.folder.parents if (p / "current_link_speed").exists()), None)
    return Device(
        id=identity,
        name=_name("", model, serial) or f"NVMe drive {disk.name}",
        kind=DeviceKind.DISK,
        bus="thunderbolt" if _is_outside(disk.folder) else "nvme",
        bus_speed=_pci_speed(Block(pci)) if pci else 0,
    )


def _mmc(disk: Block) -> Device:
    is_card = disk.text("device/type") != "MMC"
    cid, name = disk.text("device/cid"), disk.text("device/name")
    return Device(
        id=f"mmc:{cid}" if cid else f"port:{_below_devices(_port(disk))}",
        name=_name("SD card" if is_card else "Built-in memory", name, disk.text("device/serial")),
        kind=DeviceKind.CARD if is_card else DeviceKind.DISK,
        bus="mmc",
    )


def _other(disk: Block, sys: Path) -> Device:
    vendor, model = disk.text("device/vendor"), disk.text("device/model")
    serial = disk.text("serial") or _unit_serial(disk)
    wwn, bus = disk.text("device/wwid"), _bus(disk)
    if bus == "virtio":
        vendor, model = "Virtual disk", disk.name
    if wwn.startswith((*_OWN_WWN, "naa.")):
        identity = f"wwn:{_joined(wwn)}"
    elif serial and not _is_filler(serial):
        identity = f"{bus or 'disk'}:{_joined(f'{vendor} {model}' if model else '')}:{serial}"
        if bus == "virtio":
            identity = f"virtio:{serial}"
    else:
        identity = f"port:{_below_devices(_port(disk))}"
    return Device(
        id=identity,
        name=_name(vendor, model, serial) or f"Disk {disk.name}",
        kind=DeviceKind.DISK,
        bus="thunderbolt" if _is_outside(disk.folder) else bus,
        bus_speed=_sata_speed(disk, sys) if bus == "sata" else 0,
    )


def _usb(folder: Path) -> _Usb | None:
    for above in folder.parents:
        if (above / "busnum").exists() and (above / "idVendor").exists():
            return _Usb(above)
    return None


def _bus(disk: Block) -> str:
    parts = disk.folder.parts
    for word, bus in (
        (r"ata\d+", "sata"),
        (r"session\d+", "iscsi"),
        (r"end_device-.*", "sas"),
        (r"fw\d+.*", "firewire"),
        (r"virtio\d+", "virtio"),
        (r"host\d+", "scsi"),
    ):
        if any(re.fullmatch(word, part) for part in parts):
            return bus
    return Path(os.path.realpath(disk.folder / "device/subsystem")).name.replace("subsystem", "")


def _sata_speed(disk: Block, sys: Path) -> int:
    port = next((p[3:] for p in disk.folder.parts if re.fullmatch(r"ata\d+", p)), "")
    text = Block(sys / "class/ata_link" / f"link{port}").text("sata_spd")
    speed = re.match(r"([\d.]+) Gbps", text)
    return round(float(speed[1]) * 1e9) if speed else 0


def _pci_speed(pci: Block) -> int:
    """What the negotiated lanes carry, line coding taken off."""
    found = _GIGATRANSFERS.match(pci.text("current_link_speed"))
    lanes = pci.text("current_link_width")
    if not found or not lanes.isdigit():
        return 0
    each = float(found[1])
    coding = 0.8 if each < 8 else 128 / 130
    return round(each * coding * int(lanes) * 1e9)


def _is_outside(folder: Path) -> bool:
    """Whether a PCI device above it sits on an outside port, which is Thunderbolt or USB4."""
    return any(Block(above).text("removable") == "removable" for above in folder.parents)


def _unit_serial(disk: Block) -> str:
    page = disk.blob("device/vpd_pg80")
    return page[4:].decode("ascii", "replace").strip("\0 ") if len(page) > 4 else ""


def _port(disk: Block) -> Path:
    """The folder of the hardware above `block/NAME`, the same at every start where it can be."""
    folder = disk.folder.parent.parent if disk.folder.parent.name == "block" else disk.folder
    return Path(re.sub(r"/(host\d+/.*?)(\d+):(?=\d+:\d+:\d+$)", "/", str(folder)))


def _below_devices(folder: Path) -> str:
    return str(folder).rpartition("/devices/")[2]


def _is_filler(serial: str) -> bool:
    """Whether a serial number says nothing: empty, one sign over and over, or counted up."""
    text = serial.strip().upper()
    counted = "0123456789ABCDEF"
    return len(text) < 4 or len(set(text)) < 3 or text in counted or text in counted[1:] + "0"


def _name(vendor: str, model: str, serial: str) -> str:
    vendor, model = " ".join(vendor.split()), " ".join(model.split())
    if vendor.upper() in {"ATA", "GENERIC", "GENERIC-", "USB"} or vendor.startswith("0x"):
        vendor = ""
    if model.lower().startswith(vendor.lower()):
        vendor = ""
    # Drives that were bought together begin alike; the end is what tells them apart.
    short = f"(…{serial[-4:]})" if len(serial) > 6 else f"({serial})" if serial else ""
    named = " ".join(part for part in (vendor, model) if part)
    return f"{named} {short}".strip() if named else ""


def _joined(text: str) -> str:
    return "_".join(text.split())
