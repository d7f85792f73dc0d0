"""Files of one picture as cameras and scanners write them, for what ffmpeg does not write."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

GENERIC, WHOLE = 1664, 2048
"""Bytes of a DPX header without and with the parts for film and television."""


def row_of(folder: Path, name: str, count: int, *options: str, first: int = 1) -> Path:
    """*count* pictures by ffmpeg, `name` with a %d in it; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        *("ffmpeg", "-v", "error", "-y", "-f", "lavfi"),
        *("-i", f"testsrc2=s=96x54:r=24:d={count / 24 + 0.001}", "-frames:v", str(count)),
        *("-start_number", str(first), *options, folder / name),
    ]
    subprocess.run(command, check=True, timeout=120)
    return folder


def with_moving_header(
    path: Path,
    *,
    timecode: str = "",
    television: float | None = None,
    film: float | None = None,
    drop: bool = False,
) -> Path:
    """A DPX file of ffmpeg's, given the film and television parts that it lacks."""
    data = path.read_bytes()
    order = ">" if data[:4] == b"SDPX" else "<"
    assert struct.unpack_from(f"{order}I", data, 4)[0] == GENERIC
    head = bytearray(data[:GENERIC] + b"\xff" * (WHOLE - GENERIC))
    struct.pack_into(f"{order}I", head, 4, WHOLE)
    struct.pack_into(f"{order}I", head, 16, len(data) + WHOLE - GENERIC)
    struct.pack_into(f"{order}II", head, 24, GENERIC, WHOLE - GENERIC)
    if timecode:
        packed = int(timecode.replace(":", "").replace(";", ""), 16) | (0x40 if drop else 0)
        struct.pack_into(f"{order}I", head, 1920, packed)
    if film is not None:
        struct.pack_into(f"{order}f", head, 1724, film)
    if television is not None:
        struct.pack_into(f"{order}f", head, 1940, television)
    path.write_bytes(head + data[GENERIC:])
    return path


def with_attributes(path: Path, *attributes: tuple[str, str, bytes]) -> Path:
    """An EXR file of ffmpeg's with further attributes, in front of its own."""
    data = path.read_bytes()
    own = data[8:]
    more = b"".join(
        name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<I", len(value)) + value
        for name, kind, value in attributes
    )
    end = own.index(b"writer\0string\0\x04\0\0\0lavc\0") + len(b"writer\0string\0\x04\0\0\0lavc\0")
    (first,) = struct.unpack_from("<Q", own, end)
    rows = (first - 8 - end) // 8
    table = struct.unpack_from(f"<{rows}Q", own, end)
    shifted = struct.pack(f"<{rows}Q", *(place + len(more) for place in table))
    path.write_bytes(data[:8] + more + own[:end] + shifted + own[end + 8 * rows :])
    return path


def exr_timecode(text: str) -> tuple[str, str, bytes]:
    """The attribute of a timecode; a semicolon stands for drop-frame."""
    packed = int(text.replace(":", "").replace(";", ""), 16) | (0x40 if ";" in text else 0)
    return "timeCode", "timecode", struct.pack("<II", packed, 0)


def digital_negative(
    path: Path, *, rate: tuple[int, int] = (24000, 1001), timecode: str = "", reel: str = ""
) -> Path:
    """A CinemaDNG frame: a small picture with the large raw one in a directory inside of it."""
    values: list[tuple[int, int, bytes]] = [
        (256, 4, struct.pack("<I", 64)),
        (257, 4, struct.pack("<I", 36)),
        (271, 2, b"Blackmagic Design\0"),
        (330, 4, b""),
        (0xC612, 1, b"\x01\x04\0\0"),
        (0xC614, 2, b"Cinema Camera\0"),
        (0xC764, 10, struct.pack("<ii", *rate)),
    ]
    if timecode:
        parts = [int(timecode[n : n + 2], 16) for n in (9, 6, 3, 0)]
        values.append((0xC763, 1, bytes(parts) + bytes(4)))
    if reel:
        values.append((0xC789, 2, reel.encode() + b"\0"))
    values.sort()
    raw_at = 8 + 2 + 12 * len(values) + 4
    spill_at = raw_at + 2 + 12 * 2 + 4
    entries, spill = b"", b""
    for tag, kind, value in values:
        size = {1: 1, 2: 1, 4: 4, 10: 8}[kind]
        data = struct.pack("<I", raw_at) if tag == 330 else value
        if len(data) > 4:
            place = struct.pack("<I", spill_at + len(spill))
            spill += data
        else:
            place = data.ljust(4, b"\0")
        entries += struct.pack("<HHI", tag, kind, len(data) // size) + place
    raw = struct.pack("<H", 2) + struct.pack("<HHII", 256, 4, 1, 4096)
    raw += struct.pack("<HHII", 257, 4, 1, 2160) + bytes(4)
    head = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(values))
    path.write_bytes(head + entries + bytes(4) + raw + spill + bytes(1000))
    return path


def arriraw(path: Path, width: int = 2880, height: int = 1620, model: str = "ALEXA") -> Path:
    """An ARRIRAW frame with nothing in it but its header."""
    head = bytearray(4096)
    head[:8] = b"ARRI\x12\x34\x56\x78"
    struct.pack_into("<IIIII", head, 8, 4096, 3, 0x3C, width, height)
    head[668 : 668 + len(model)] = model.encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(head + bytes(2000))
    return path


def _red_tag(number: int, value: bytes) -> bytes:
    return struct.pack(">HH", 4 + len(value), number) + value


def red_tags(*, timecode: str, letter: str, reel: str, model: str = "V-RAPTOR") -> bytes:
    """The directory that a RED camera writes, with the slate and the exposure of one clip."""
    texts = {
        0x1000: "01:49:54:11",
        0x1001: timecode,
        0x1019: letter,
        0x101A: reel,
        0x101B: "014",
        0x1023: "20261120",
        0x1024: "091000",
        0x1071: model,
        0x1076: "Night Ferry",
        0x107D: "12A",
        0x107E: "3",
    }
    tags = b"".join(_red_tag(number, text.encode() + b"\0") for number, text in texts.items())
    for number, value in ((0x403B, 800), (0x406A, 28), (0x406B, 35)):
        tags += _red_tag(number, struct.pack(">H", value))
    tags += _red_tag(0x200D, struct.pack(">f", 5600)) + _red_tag(0x8040, bytes(12))
    return struct.pack(">H", len(tags)) + tags


def r3d(
    path: Path,
    *,
    size: tuple[int, int] = (8192, 4320),
    rate: tuple[int, int] = (24000, 1001),
    timecode: str = "21:36:16:18",
    letter: str = "A",
    reel: str = "003",
    records: tuple[int, int, int] = (1, 0, 0),
    length: int = 20_000,
) -> Path:
    """A file of today's RED cameras: a header, and bytes that nobody here can decode."""
    head = bytearray(0x44)
    head[4:12] = b"RED2\x05\x10R2"
    head[0x40:0x43] = bytes(records)
    rdi = b"rdi\x01" + bytes(4) + struct.pack(">IIBBHI", *size, 0x11, 2, rate[1], rate[0])
    others = bytes(0x18 * (records[0] - 1) + 0x14 * records[1] + 0x10 * records[2])
    tags = red_tags(timecode=timecode, letter=letter, reel=reel)
    block = bytes(head) + rdi + others + tags
    block += bytes(-len(block) % 64)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack(">I", len(block)) + block[4:] + b"\x5a" * length)
    return path


def red_one(path: Path, *, timecode: str = "10:00:00:00", frames: int = 0) -> Path:
    """A file of the first RED camera: its tags stand in the second block, an index at its end.

    Without *frames* it was cut off, and has none.
    """
    head = bytearray(0x160)
    struct.pack_into(">I4s", head, 0, len(head), b"RED1")
    struct.pack_into(">II2xHH", head, 0x34, 4096, 2304, 25, 1)
    head[0x43:0x5C] = b"A001_C002_0502A6_001.R3D\0"
    tags = red_tags(timecode=timecode, letter="A", reel="001", model="RED ONE")
    data = bytes(head) + bytes(0x22) + tags + bytes(5000)
    if frames:
        index = [0x1000 * (n + 1) for n in range(frames)] + [0] * (512 - frames)
        end = struct.pack(">I4sIIIIII24x", 56, b"REOB", len(data), 0, 0, 0, frames, 0)
        data += struct.pack(">I4s512I", 8 + 4 * 512, b"RDVO", *index) + end
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
