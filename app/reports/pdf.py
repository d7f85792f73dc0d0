"""Reports as PDF: A4, embedded fonts, a header and "Page x of y" on every page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import BinaryIO

from app.reports.day import cards_safe, day_sentence
from app.reports.evidence import (
    AttentionGroup,
    EvidenceRow,
    Mark,
    Sums,
    copies_in_order,
    destination_result,
    mark_of,
    remarks,
    shared_device,
    sums_of,
)
from app.reports.facts import (
    copies_sentence,
    day_facts,
    posters_sentence,
    short_moment,
    transfer_facts,
)
from app.reports.model import ClipRow, CopyRow, DayCard, DayReport, FileRow, TransferReport
from app.reports.sheet import (
    BODY,
    CODE,
    COLOURS,
    DIM,
    QUIET,
    SMALL,
    STRONG_BODY,
    Column,
    Piece,
    Row,
    Sheet,
)
from app.reports.typeface import STRONG, Style
from app.reports.visible import visible, visible_path
from app.units import bytes_text, count_text, duration_text, rate_text

FILE_ROWS = 500
"""Per-file rows in a PDF; all of them are in the CSV."""
ATTENTION_GROUPS = 500
"""Causes told one by one in a PDF."""
_INDENT = 10.6
_DRIVES = 3
"""Destinations that get a column of their own in the table of files."""

KIND = Style(size=9, leading=13, colour=DIM)
TITLE = Style(font=STRONG, size=16, leading=22)
POSTER = Style(leading=33.75)
TROUBLE = Style(size=7.5, leading=10, colour=COLOURS[Mark.FAILED])
_LEGEND = (
    "In names, \\n stands for a line break, \\u{…} for a character that does not show or that the "
    "fonts of this file lack, \\xff for a byte that is no UTF-8, and \\\\ for one backslash. "
    "Sizes are decimal: 1 GB is 1,000,000,000 bytes."
)


def transfer_pdf(
    report: TransferReport, stream: BinaryIO, csv_name: str, sums: Sums | None = None
) -> None:
    """Write the transfer report to *stream*; *csv_name* is the file that holds every row.

    *sums*: those of its rows, where they are known.
    """
    sums = sums or sums_of(report)
    title = say(report.title, TITLE)
    verdict = verdict_of(report.verdict, report.safe, 24)
    sheet = Sheet(stream, title=title.text, subject=verdict.text, author=visible(report.operator))
    sheet.paragraph(Piece("Transfer report", KIND))
    sheet.paragraph(title)
    sheet.space(8)
    reasons = [Piece(f"{copies_sentence(report)}.", BODY)]
    reasons += [say(f"• {reason}") for reason in report.reasons]
    sheet.verdict(verdict, reasons)
    sheet.space(14)
    sheet.facts([shown_group(group) for group in transfer_facts(report)])
    _destinations(sheet, report)
    _evidence(sheet, report, sums.evidence)
    _attention(sheet, sums.attention)
    listed(sheet, "Found on the card", report.findings)
    listed(sheet, "Could not be kept everywhere", report.not_kept)
    _ignored(sheet, report)
    listed(sheet, "Notes", report.notes)
    _clips(sheet, report.clips)
    _files(sheet, report, csv_name)
    finish(sheet, title.text, verdict, f"{report.tool}, job {report.job}")


def day_pdf(report: DayReport, stream: BinaryIO) -> None:
    """Write the day report to *stream*."""
    sentence = day_sentence(report)
    safe = bool(report.cards) and all(card.safe for card in report.cards)
    verdict = verdict_of(sentence[:1].upper() + sentence[1:], safe, 18)
    title = say(f"{report.project or 'Shooting day'}, {report.day.isoformat()}", TITLE)
    sheet = Sheet(stream, title=title.text, subject=verdict.text, author="")
    sheet.paragraph(Piece("Day report", KIND))
    sheet.paragraph(title)
    sheet.space(8)
    sheet.verdict(verdict, [])
    sheet.space(14)
    sheet.facts([shown_group(group) for group in day_facts(report)])
    open_points = [(card.roll, point) for card in report.cards for point in card.open]
    sheet.heading("Open")
    for roll, point in open_points:
        sheet.paragraph(say(f"{roll}: {point}", mark=Mark.ATTENTION))
    if not open_points:
        sheet.paragraph(Piece("Nothing is open."))
    _cards(sheet, report.cards)
    short = replace(verdict, text=cards_safe(report.cards))
    finish(sheet, title.text, short, f"Made {short_moment(report.made)}")


def finish(sheet: Sheet, left: str, verdict: Piece, footer: str) -> None:
    """End the document with its legend, header and footer."""
    sheet.space(14)
    sheet.need(40)
    sheet.paragraph(Piece(_LEGEND, QUIET))
    sheet.finish(left=left, right=verdict, footer=visible(footer))


def verdict_of(text: str, safe: bool, size: float) -> Piece:
    """The sentence people act on, in its size and colour."""
    mark = Mark.DONE if safe else Mark.ATTENTION
    style = Style(font=STRONG, size=size, leading=size * 1.3, colour=COLOURS[mark])
    return Piece(visible(text), style, mark)


def say(text: str, style: Style = BODY, mark: Mark | None = None) -> Piece:
    """A text with what does not print made visible."""
    return Piece(visible(text), style, mark)


def shown_group(
    group: tuple[str, list[tuple[str, str]]],
) -> tuple[str, list[tuple[str, str]]]:
    """A group of facts with what does not print made visible."""
    title, pairs = group
    return title, [(visible(label), visible(value)) for label, value in pairs]


def listed(sheet: Sheet, title: str, items: Sequence[str]) -> None:
    """A section of sentences, if there are any."""
    if items:
        sheet.heading(title)
        for item in items:
            sheet.paragraph(say(item))


def _destinations(sheet: Sheet, report: TransferReport) -> None:
    sheet.heading("Destinations")
    columns = (
        Column("Destination", 84),
        Column("Device"),
        Column("Files", 40, right=True),
        Column("Size", 48, right=True),
        Column("Time", 52, right=True),
        Column("Rate", 50, right=True),
        Column("Result", 92),
    )
    rows = [_destination_row(report, index) for index in range(len(report.destinations))]
    sheet.table(columns, rows)


def _destination_row(report: TransferReport, index: int) -> Row:
    row = report.destinations[index]
    mark, words = destination_result(row)
    below = [say(row.path, QUIET)]
    if row.manifest:
        below.append(say(f"Manifest: {row.manifest}", QUIET))
    if row.trouble:
        below.append(say(row.trouble, TROUBLE))
    below += [say(f"Not kept: {item}", QUIET) for item in row.not_kept]
    shared = shared_device(report.destinations, index)
    if shared is not None:
        first = report.destinations[shared].name
        below.append(say(f"The same device as {first}, counts once.", QUIET))
    cells = (
        (say(row.name, STRONG_BODY),),
        (say(row.device), say(row.file_system, QUIET)),
        (Piece(f"{row.files:,}"),),
        (Piece(bytes_text(row.size)),),
        (Piece(duration_text(row.seconds)),),
        (Piece(rate_text(row.rate) if row.rate else ""),),
        (Piece(words, BODY, mark),),
    )
    return Row(cells, below)


def _evidence(sheet: Sheet, report: TransferReport, evidence: Sequence[EvidenceRow]) -> None:
    sheet.heading("Evidence")
    columns = (
        Column("Device"),
        Column("What was read"),
        Column("Files", 40, right=True),
        Column("First and last read", 92),
        Column("Compared by", 66),
    )
    card = [
        Row(
            (
                (say(report.card_label or report.card), Piece("the card", QUIET)),
                (say(row.read),),
                (Piece(f"{row.files:,}"),),
                _span(row.first, row.last),
                (say(", ".join(report.hash_kinds)),),
            )
        )
        for row in report.reads
    ]
    rows = [
        Row(
            (
                (say(row.device), say(row.place, QUIET)),
                (say(row.read, mark=row.mark),),
                (Piece(f"{row.files:,}"),),
                _span(row.first, row.last),
                (say(row.hashes),),
            )
        )
        for row in evidence
    ]
    sheet.table(columns, [*card, *rows])


def _span(first: datetime | None, last: datetime | None) -> tuple[Piece, ...]:
    return Piece(short_moment(first), SMALL), Piece(short_moment(last), SMALL)


def _attention(sheet: Sheet, groups: Sequence[AttentionGroup]) -> None:
    if not groups:
        return
    sheet.heading(f"Files that need attention ({sum(group.count for group in groups):,})")
    for group in groups[:ATTENTION_GROUPS]:
        sheet.need(40)
        count = count_text(group.count, "file")
        sheet.paragraph(say(f"{group.cause} ({count})", STRONG_BODY, group.mark))
        for path in group.paths:
            sheet.paragraph(Piece(visible_path(path), indent=_INDENT))
        if group.count > len(group.paths):
            words = f"And {group.count - len(group.paths):,} more, marked in the table of files."
            sheet.paragraph(Piece(words, QUIET, indent=_INDENT))
        sheet.space(5)
    if len(groups) > ATTENTION_GROUPS:
        more = len(groups) - ATTENTION_GROUPS
        sheet.paragraph(Piece(f"And {more:,} more causes; every file is in the CSV."))


def _ignored(sheet: Sheet, report: TransferReport) -> None:
    sheet.heading(f"Ignored ({count_text(len(report.ignored), 'file')})")
    if report.ignore_patterns:
        sheet.paragraph(say(f"Patterns: {', '.join(report.ignore_patterns)}", QUIET))
    for path in report.ignored:
        sheet.paragraph(Piece(visible_path(path)))
    if not report.ignored:
        sheet.paragraph(Piece("Nothing was ignored."))


def _clips(sheet: Sheet, clips: Sequence[ClipRow]) -> None:
    if not clips:
        return
    sheet.heading(f"Clips ({len(clips):,})")
    posters = posters_sentence(clips)
    if posters:
        sheet.paragraph(Piece(posters, QUIET))
        sheet.space(4)
    columns = (
        *([Column("", 60)] if posters else []),
        Column("Clip"),
        Column("Files", 40, right=True),
        Column("Size", 52, right=True),
        Column("Recorded", 94),
        Column("State", 84 if posters else 120),
    )
    sheet.table(columns, (_clip_row(clip, bool(posters)) for clip in clips))


def _clip_row(clip: ClipRow, posters: bool) -> Row:
    missing = ", ".join(clip.missing)
    picture = (Piece("", POSTER, picture=clip.poster),) if clip.poster else ()
    cells = (
        *([picture] if posters else []),
        (Piece(visible_path(clip.name)),),
        (Piece(f"{clip.files:,}"),),
        (Piece(bytes_text(clip.size)),),
        (Piece(short_moment(clip.recorded), SMALL),),
        (say(clip.state, mark=mark_of(clip.state, missing)),),
    )
    return Row(cells, (say(f"Missing: {missing}", TROUBLE),) if missing else ())


def _files(sheet: Sheet, report: TransferReport, csv_name: str) -> None:
    count = len(report.files)
    sheet.heading(f"Files ({count:,})")
    if count > FILE_ROWS:
        words = f"The first {FILE_ROWS:,}; all {count:,} rows are in the CSV beside this file"
        sheet.paragraph(Piece(f"{words}, {visible_path(csv_name)}."))
        sheet.space(4)
    if not count:
        sheet.paragraph(Piece("There were no files."))
        return
    names = [visible(row.name) for row in report.destinations]
    drives = [Column(name) for name in names] if len(names) <= _DRIVES else [Column("Copies")]
    columns = (
        Column("File and hashes", 277),
        Column("Bytes, modified", 64, right=True),
        *drives,
    )
    sheet.table(columns, (_file_row(row, report) for row in islice(report.files, FILE_ROWS)))


def _file_row(row: FileRow, report: TransferReport) -> Row:
    name = Piece(visible_path(row.path), BODY, mark_of(row.state, row.trouble))
    digests = [
        Piece(visible(f"{kind:<7} {digest}"), CODE, indent=_INDENT)
        for kind, digest in row.hashes.items()
    ]
    modified = short_moment(row.modified).split(" ")
    cells = (
        (name, *digests),
        (Piece(f"{row.size:,}", SMALL), *(Piece(part, QUIET) for part in modified)),
        *_copy_cells(row, len(report.destinations)),
    )
    return Row(cells, tuple(_below(row, report)))


def _below(row: FileRow, report: TransferReport) -> Iterator[Piece]:
    if mark_of(row.state) is not Mark.DONE:
        yield Piece(visible(f"State: {row.state}"), QUIET, indent=_INDENT)
    for words, path in remarks(row, report.destinations):
        if path:
            yield Piece(f"{visible(words)} {visible_path(path)}", QUIET, indent=_INDENT)
        else:
            yield Piece(visible(words), TROUBLE, indent=_INDENT)


def _copy_cells(row: FileRow, destinations: int) -> Iterator[tuple[Piece, ...]]:
    copies = copies_in_order(row, destinations)
    if destinations <= _DRIVES:
        yield from map(_copy_cell, copies)
        return
    done = sum(1 for copy in copies if copy and _copy_mark(copy) is Mark.DONE)
    mark = Mark.DONE if done == destinations else Mark.ATTENTION
    yield (Piece(f"{done} of {destinations} verified", SMALL, mark),)


def _copy_cell(copy: CopyRow | None) -> tuple[Piece, ...]:
    if copy is None:
        return (Piece("no copy", QUIET, Mark.NONE),)
    state = say(copy.state, SMALL, _copy_mark(copy))
    if copy.read_back is None:
        return (state,)
    return state, Piece(copy.read_back.strftime("%H:%M:%S"), QUIET)


def _copy_mark(copy: CopyRow) -> Mark:
    return mark_of(copy.state, copy.trouble, copy.read_back)


def _cards(sheet: Sheet, cards: Sequence[DayCard]) -> None:
    sheet.heading(f"Cards ({len(cards):,})")
    if not cards:
        sheet.paragraph(Piece("No card was offloaded on this day."))
        return
    columns = (
        Column("Roll and camera", 84),
        Column("Clips", 32, right=True),
        Column("Files", 38, right=True),
        Column("Size", 48, right=True),
        Column("Recorded", 84),
        Column("Verdict"),
        Column("Complete verified copies"),
    )
    sheet.table(columns, map(_card_row, cards))


def _card_row(card: DayCard) -> Row:
    mark = Mark.DONE if card.safe else Mark.ATTENTION
    recorded = (short_moment(card.first_recorded), short_moment(card.last_recorded))
    cells = (
        (say(card.roll, STRONG_BODY), say(card.camera, QUIET)),
        (Piece(f"{card.clips:,}"),),
        (Piece(f"{card.files:,}"),),
        (Piece(bytes_text(card.size)),),
        tuple(Piece(moment, SMALL) for moment in recorded if moment),
        (say(card.verdict, mark=mark),),
        (say(", ".join(card.copies) or "none"),),
    )
    return Row(cells, (say(f"Offloaded {short_moment(card.offloaded)}, {card.job}", QUIET),))
