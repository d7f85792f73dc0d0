"""`reelkeep report`: the report of a shooting day."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from app.cli.invocation import this_invocation
from app.cli.jobs import as_id, show_report
from app.cli.output import Output
from app.cli.typed import Day, Place
from app.engine import Engine
from app.errors import BadInput
from app.jobs.spec import JobId
from app.reports.day import day_sentence
from app.reports.model import DayCard
from app.units import bytes_text, count_text


@click.command("report")
@click.argument(
    "job", metavar="[ID]", required=False, callback=lambda _context, _option, value: as_id(value)
)
@click.option(
    "--day",
    type=Day(),
    metavar="DATE",
    help="Shooting day, such as 2026-11-20; today without it.",
)
@click.option("--to", "folder", type=Place(), metavar="DIR", help="Folder for the report.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def report_command(job: JobId | None, day: date | None, folder: Path | None, as_json: bool) -> None:
    """Write the report of a shooting day: every card, its copies, what is open.

    With the ID of an offload or a verify job, its own report. It is written as HTML, PDF and CSV.
    The last line says how the day, or the job, stands.
    """
    output = Output(as_json=as_json)
    if job and day:
        raise BadInput("A report is of a job or of a day, not of both.")
    invocation = this_invocation()
    settings = invocation.settings()
    with (
        invocation.logged(settings),
        Engine(invocation.profile.directory, settings) as engine,
    ):
        if job:
            show_report(engine, job, folder, output)
            return
        report = engine.day(day)
        html = engine.write_day_report(report, folder)
    for card in report.cards:
        for line in _lines(card):
            output.say(line)
        output.event("card", **_facts(card))
    output.say(f"report {html}")
    output.say(day_sentence(report))
    output.result(
        ok=True,
        exit_code=0,
        day=report.day.isoformat(),
        number=report.number,
        sentence=day_sentence(report),
        cards=len(report.cards),
        safe=bool(report.cards) and all(card.safe for card in report.cards),
        report=str(html),
        pdf=str(html.with_suffix(".pdf")),
        csv=str(html.with_suffix(".csv")),
    )


def _lines(card: DayCard) -> list[str]:
    sizes = f"{count_text(card.clips, 'clip')}, {count_text(card.files, 'file')}"
    lines = [f"{card.roll}  {card.camera}, {sizes}, {bytes_text(card.size)}: {card.verdict}"]
    lines += [f"  verified on {name}" for name in card.copies]
    lines += [f"  open      {text}" for text in card.open]
    return lines


def _facts(card: DayCard) -> dict[str, Any]:
    return {
        "roll": card.roll,
        "camera": card.camera,
        "clips": card.clips,
        "files": card.files,
        "size": card.size,
        "verdict": card.verdict,
        "safe": card.safe,
        "copies": list(card.copies),
        "open": list(card.open),
        "jobs": card.job.split(", "),
        "offloaded": card.offloaded.isoformat(),
    }
