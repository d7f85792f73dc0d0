"""`reelkeep offload`: copy cards to several drives, verified."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import click

from app.cli.ending import Ending
from app.cli.invocation import this_invocation
from app.cli.offload_order import Order
from app.cli.offload_plan import remark_facts, show_plan, show_remark, together
from app.cli.outcome import show_outcome
from app.cli.output import Output
from app.cli.typed import Number, Place
from app.cli.work import Watch
from app.engine import Engine
from app.jobs.snapshot import JobSnapshot, JobState
from app.offload.job.proxies_after import proxies_after
from app.offload.plan import OffloadPlan
from app.offload.spec import OffloadSpec, OnCollision, VerifyMode
from app.settings import key_named
from app.units import parse_size

_HASHES = key_named("offload.hash").choices


class Size(click.ParamType):
    """A number of bytes, or a size such as `8 MiB`."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Bytes from what was typed."""
        try:
            return value if isinstance(value, int) else parse_size(str(value))
        except ValueError:
            self.fail(f"{value!r} is no size such as 8388608 or 8MiB.", param, ctx)


@click.command("offload")
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True, type=Place())
@click.option(
    "--to",
    "destinations",
    metavar="DIR[,noflush]",
    multiple=True,
    help="Folder on a drive; repeat for each. After a comma: noflush, only=FILTER,"
    " name=TEMPLATE, stage=N, proxies=SIZE+SIZE.",
)
@click.option(
    "--hash",
    "hashes",
    multiple=True,
    type=click.Choice(_HASHES),
    help="Custody hash; repeat for several, the leading one first.",
)
@click.option("--verify", type=click.Choice(list(VerifyMode)), help="How copies are proven.")
@click.option("--name", "template", metavar="TEMPLATE", help="Folder on each drive, e.g. {date}.")
@click.option(
    "--cascade",
    is_flag=True,
    help="The card to the first drive only, and from there to each next one, in the order given."
    " Name the fastest first: the card is free once that one is done.",
)
@click.option("--wanted-copies", type=Number(1, 99), help="Devices that make a card safe.")
@click.option(
    "--on-collision",
    type=click.Choice(list(OnCollision)),
    help="Where a file of the same name lies already.",
)
@click.option(
    "--check-known",
    is_flag=True,
    help="Read copies that earlier jobs verified again, and the card's files with them. Otherwise"
    " they are known by history, size and time, and not read.",
)
@click.option("--preset", default="", metavar="NAME", help="Destinations and choices by name.")
@click.option(
    "--proxies",
    metavar="SIZE,...",
    help="Make proxies into the cache once the copies are proven: thumbnail, preview, editorial, or"
    " a recipe. For one drive: proxies=SIZE+SIZE after its comma.",
)
@click.option("--legacy-mhl", is_flag=True, help="Also write a legacy MHL 1.1 file.")
@click.option("--report", type=Place(), metavar="DIR", help="For the report.")
@click.option("--buffer-size", type=Size(), metavar="BYTES", help="Bytes of one block.")
@click.option("--ignore", multiple=True, metavar="PATTERN", help="Leave these out as well.")
@click.option("--no-ignore-list", is_flag=True, help="Begin with an empty ignore list.")
@click.option(
    "--only",
    multiple=True,
    metavar="FILTER",
    help="What drives get: sound, camera, sidecars, or a pattern. Default: everything.",
)
@click.option("--project", help="Name of the project.")
@click.option("--text", help="Free text for {text} in the template.")
@click.option("--counter", type=Number(0), help="For {counter}; counts up card by card.")
@click.option("--dry-run", is_flag=True, help="Show the plan and stop.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_context
def offload_command(context: click.Context, /, **given: Any) -> None:
    """Copy cards to several drives in one read of each, and prove every file.

    Each SOURCE is a card or folder and becomes a job of its own. All are planned before the first
    one starts; nothing is written if one cannot be done. The last line is the verdict: may the
    card be formatted? What is not given comes from the preset, then from the settings.
    """
    output = Output(as_json=given["as_json"])
    invocation = this_invocation()
    settings = invocation.settings()
    specs = _order(given).specs(settings)
    with (
        invocation.logged(settings),
        Engine(invocation.profile.directory, settings) as engine,
    ):
        _tell_what_was(engine, output)
        plans = _planned(engine, specs, output)
        if plans is None:
            context.exit(Ending.REFUSED)
        if given["dry_run"]:
            output.result(ok=True, exit_code=0, dry_run=True, jobs=[])
            return
        jobs = [engine.submit(plan) for plan in plans]
        later = [proxies for job in jobs for proxies in engine.followers(job)]
        watch = Watch(engine, output, partial(_tell_verdict, output) if later else None)
        ended = watch.until_ended([*jobs, *later])
        context.exit(show_outcome(engine, _without_waiting(ended, len(jobs)), output))


def _tell_verdict(output: Output, job: JobSnapshot) -> None:
    """Nobody waits for proxies to know about a card."""
    if job.state is JobState.DONE and job.verdict:
        output.say(f"{job.title}: {job.verdict}. Proxies are made now.")


def _without_waiting(ended: list[JobSnapshot], offloads: int) -> list[JobSnapshot]:
    """*ended* without proxies that were not begun because their offload has not ended well."""
    begun = [job for job in ended[offloads:] if job.started is not None]
    well = all(job.state is JobState.DONE for job in ended[:offloads])
    return ended if well else [*ended[:offloads], *begun]


def _order(given: dict[str, Any]) -> Order:
    names = ("hashes", "verify", "template", "wanted_copies", "on_collision", "buffer_size",
             "project", "text", "counter")  # fmt: skip
    choices = {name: given[name] for name in names}
    choices["legacy_mhl"] = given["legacy_mhl"] or None
    choices["check_known"] = given["check_known"] or None
    choices["proxies"] = [one for one in (given["proxies"] or "").split(",") if one]
    return Order(
        sources=given["sources"],
        destinations=given["destinations"],
        preset=given["preset"],
        cascade=given["cascade"],
        only=given["only"],
        ignore=given["ignore"],
        empty_ignore_list=given["no_ignore_list"],
        report=given["report"],
        choices=choices,
    )


def _tell_what_was(engine: Engine, output: Output) -> None:
    if engine.journal.trouble:
        output.warn(engine.journal.trouble)
    for job in engine.interrupted():
        output.say(f"{job.title} was interrupted. `reelkeep jobs resume {job.id}` goes on with it.")


def _planned(
    engine: Engine, specs: Sequence[OffloadSpec], output: Output
) -> list[OffloadPlan] | None:
    """Every card's plan, shown; None when something stands against any of them."""
    plans = []
    for spec in specs:
        plan = engine.plan(spec)
        show_plan(plan, output, proxies_after(plan, engine.proxies.recipe))
        plans.append(plan)
    remarks = together(plans) if len(plans) > 1 else []
    for remark in remarks:
        show_remark(remark, output)
    refusals = [remark for plan in plans for remark in plan.refusals] + remarks
    if not refusals:
        return plans
    output.warn("Nothing was copied.")
    output.result(
        ok=False,
        exit_code=int(Ending.REFUSED),
        error=" ".join(remark.text for remark in refusals),
        refusals=[remark_facts(remark) for remark in refusals],
        jobs=[],
    )
    return None
