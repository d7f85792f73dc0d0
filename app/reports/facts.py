"""The facts at the head of a report, in groups of label and value, the same in every form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.reports.day import camera_totals, device_totals, total
from app.reports.model import ClipRow, DayReport, TransferReport, VerifyReport
from app.units import bytes_text, count_text, duration_text, moment_text, rate_text

Group = tuple[str, list[tuple[str, str]]]
"""A title and its pairs of label and value."""


def transfer_facts(report: TransferReport) -> list[Group]:
    """Project, card and job; a value that is not known is left out."""
    seconds = (report.finished - report.started).total_seconds()
    read = sum(one.size for one in report.reads if not one.earlier)
    rate = f", {rate_text(read / seconds)} from card to proof" if read and seconds >= 1 else ""
    project = [("Name", report.project), ("Shooting day", report.day.isoformat())]
    card = [
        ("Roll", report.roll),
        ("Camera", report.camera),
        ("Card", report.card_label),
        ("Read at", report.card),
        ("Content", _content(report)),
    ]
    job = [
        ("Started", moment_text(report.started)),
        ("Finished", moment_text(report.finished)),
        ("Time", duration_text(seconds) + rate),
        ("Check", report.verify_mode),
        ("Hashes", ", ".join(report.hash_kinds)),
        ("By", " on ".join(filter(None, [report.operator, report.host]))),
        ("Job", report.job),
    ]
    return [
        _known("Project", [*project, *report.extra.items()]),
        _known("Card", card),
        _known("Job", job),
    ]


def verify_facts(report: VerifyReport) -> list[Group]:
    """What was read, and the job that read it."""
    seconds = (report.finished - report.started).total_seconds()
    size = sum(part.size for part in report.parts)
    files = sum(part.asked for part in report.parts)
    rate = f", {rate_text(size / seconds)}" if seconds >= 1 else ""
    read = [
        ("Folders", f"{len(report.parts):,}"),
        ("Content", f"{count_text(files, 'file')}, {bytes_text(size)}"),
        ("Verified", f"{sum(part.verified for part in report.parts):,}"),
        ("Through the cache only", f"{cached:,}" if (cached := _cached(report)) else ""),
        ("Repaired from", report.repaired_from),
    ]
    job = [
        ("Started", moment_text(report.started)),
        ("Finished", moment_text(report.finished)),
        ("Time", duration_text(seconds) + rate),
        ("By", " on ".join(filter(None, [report.operator, report.host]))),
        ("Job", report.job),
    ]
    return [_known("Read", read), _known("Job", job)]


def _cached(report: VerifyReport) -> int:
    return sum(part.cached for part in report.parts)


def day_facts(report: DayReport) -> list[Group]:
    """Project, totals, cameras and drives of the day."""
    whole = total("all", report.cards)
    number = "" if report.number is None else str(report.number)
    project = [("Name", report.project), ("Date", report.day.isoformat()), ("Day", number)]
    made = ("Report made", moment_text(report.made))
    totals = [
        ("Cards", f"{whole.cards:,}, {whole.safe:,} safe to format"),
        ("Clips", f"{whole.clips:,}"),
        ("Files", f"{whole.files:,}"),
        ("Size of one copy", bytes_text(whole.size)),
        ("Recorded", _recorded(report)),
    ]
    cameras = [
        (row.name, f"{count_text(row.cards, 'card')}, {count_text(row.clips, 'clip')}, "
                   f"{bytes_text(row.size)}")
        for row in camera_totals(report)
    ]  # fmt: skip
    drives = [
        (row.name, f"{row.cards} of {count_text(whole.cards, 'card')}, {bytes_text(row.size)}")
        for row in device_totals(report)
    ]
    groups = [
        _known("Project", [*project, *report.extra.items(), made]),
        _known("Totals", totals),
        ("Cameras", cameras),
        ("Complete verified copies", drives),
    ]
    return [group for group in groups if group[1]]


def copies_sentence(report: TransferReport) -> str:
    """How many copies count, and how many were wanted."""
    verified = count_text(report.verified_copies, "copy", "copies")
    how = "verified by reading back from devices that fail separately"
    return f"{verified} {how}, {report.wanted_copies} wanted"


def posters_sentence(clips: Sequence[ClipRow]) -> str:
    """What the pictures beside clips are; nothing where there are none."""
    shown = sum(1 for clip in clips if clip.poster)
    if not shown:
        return ""
    whole = "The pictures are there to recognise clips by, and prove nothing."
    if shown == len(clips):
        return whole
    return f"{whole} {shown:,} of {count_text(len(clips), 'clip')} could be shown in time."


def short_moment(moment: datetime | None) -> str:
    """`2026-11-20 12:04:31`, or nothing."""
    return "" if moment is None else moment.isoformat(sep=" ", timespec="seconds")[:19]


def _content(report: TransferReport) -> str:
    clips = f"{count_text(len(report.clips), 'clip')}, " if report.clips else ""
    return f"{clips}{count_text(report.wanted, 'file')}, {bytes_text(report.size)}"


def _recorded(report: DayReport) -> str:
    first = [card.first_recorded for card in report.cards if card.first_recorded]
    last = [card.last_recorded for card in report.cards if card.last_recorded]
    if not first or not last:
        return ""
    try:
        start, end = min(first), max(last)
    except TypeError:  # some cameras tell their zone, others don't: no common order
        return ""
    shown = short_moment(end) if end.date() != start.date() else f"{end:%H:%M:%S}"
    return f"{short_moment(start)} to {shown}"


def _known(title: str, pairs: list[tuple[str, str]]) -> Group:
    return title, [(label, value) for label, value in pairs if value]
