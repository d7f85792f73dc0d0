"""Reports of invented jobs, as large and as hostile as a test wants them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from app.reports.model import (
    CardRead,
    ClipRow,
    CopyRow,
    DayCard,
    DayReport,
    DestinationRow,
    FileRow,
    TransferReport,
)

MOMENT = datetime(2026, 11, 20, 12, 4, 31, tzinfo=UTC)
HOSTILE = (
    "A003R2EC/new\nline\r\ttab.mov",
    "A003R2EC/\udcff\udc80.bin",
    "A003R2EC/spoof\u202egnp.mov",
    "A003R2EC/日本語🎬.mxf",
    "A003R2EC/Ünï Ελλ Жук e\u0301.mov",
    '=HYPERLINK("http://x","y").wav',
    "+1.mov",
    "@SUM(A1).mov",
    "-2.mov",
    '<script>alert("1")</script>&amp;{{ 7*7 }}{% raw %}.xml',
    "quote\"comma,semi;'.mov",
    "nul\x00bell\x07del\x7f.bin",
    "\ue000private\ue001.mov",
    "back\\nslash.mov",
    " edge /space ",
    "x" * 255,
    "lone\ud800.mov",
    "\ufeffbom\u2028line.mov",
)


def file_row(path: str, *, destinations: int = 2, state: str = "verified") -> FileRow:
    digest = hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()
    return FileRow(
        path=path,
        clip=path.rpartition(".")[0],
        size=1_234_567,
        modified=MOMENT - timedelta(hours=3),
        hashes={"xxh64": digest[:16], "blake3": digest},
        state=state,
        copies=tuple(
            CopyRow(
                destination=index,
                path=f"Day12/A003/{path}",
                state="verified",
                read_back=MOMENT + timedelta(seconds=index),
            )
            for index in range(destinations)
        ),
    )


def destination_row(name: str, files: int) -> DestinationRow:
    return DestinationRow(
        name=name,
        path=f"/drives/{name}/Day12",
        device=f"Device of {name}",
        file_system="ext4",
        files=files,
        size=files * 1_234_567,
        verified=files,
        flushed=True,
        seconds=250.0,
        rate=1.14e9,
        manifest=f"/drives/{name}/Day12/ascmhl/0001_A003.mhl",
    )


def transfer(paths: Sequence[str], **changes: object) -> TransferReport:
    """A safe offload of these files; any field can be given otherwise."""
    facts: dict[str, object] = {
        "job": "7f3a-0012",
        "title": "Offload of A003",
        "verdict": "SAFE TO FORMAT",
        "safe": True,
        "reasons": (),
        "wanted_copies": 2,
        "verified_copies": 2,
        "project": "Night Ferry",
        "day": date(2026, 11, 20),
        "camera": "ARRI ALEXA 35",
        "roll": "A003",
        "card": "/media/A003R2EC",
        "card_label": "A003R2EC",
        "started": MOMENT,
        "finished": MOMENT + timedelta(minutes=14, seconds=10),
        "verify_mode": "card read twice, each drive read back from the medium",
        "hash_kinds": ("xxh64", "blake3"),
        "host": "cart-1",
        "operator": "Jana Novák",
        "tool": "Reelkeep 0.1.0",
        "files": tuple(file_row(path) for path in paths),
        "clips": tuple(
            ClipRow(
                name=path.rpartition(".")[0],
                files=1,
                size=1_234_567,
                recorded=MOMENT,
                state="complete",
            )
            for path in paths[:50]
        ),
        "destinations": tuple(destination_row(n, len(paths)) for n in ("RAID-1", "SHUTTLE-07")),
        "size": 1_234_567 * len(paths),
        "wanted": len(paths),
        "reads": (CardRead("read twice", len(paths), 1_234_567 * len(paths), MOMENT, MOMENT),),
    }
    return TransferReport(**{**facts, **changes})  # type: ignore[arg-type]


def day_card(roll: str, *, safe: bool = True, **changes: object) -> DayCard:
    facts: dict[str, object] = {
        "roll": roll,
        "camera": "ARRI ALEXA 35",
        "clips": 58,
        "files": 174,
        "size": 400_000_000_000,
        "first_recorded": MOMENT - timedelta(hours=4),
        "last_recorded": MOMENT - timedelta(hours=2),
        "verdict": "SAFE TO FORMAT" if safe else "KEEP, 1 of 2 copies verified",
        "safe": safe,
        "copies": ("Areca 1", "Samsung T7") if safe else ("Areca 1",),
        "offloaded": MOMENT,
        "job": f"job-{roll}",
    }
    return DayCard(**{**facts, **changes})  # type: ignore[arg-type]


def day_report(*cards: DayCard, number: int | None = 12) -> DayReport:
    return DayReport(
        day=date(2026, 11, 20),
        number=number,
        project="Night Ferry",
        cards=cards,
        made=MOMENT,
    )
