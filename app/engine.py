"""The one door to the engine, for the window, the command line and scripts.

with Engine() as engine:
    plan = engine.plan(spec)
    print(engine.run(spec).verdict)
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from app.errors import BadInput, NotFound
from app.integrity.verdict import Verdict
from app.integrity.verify.outcome import VerifyOutcome
from app.integrity.verify.spec import VerifyPlan, VerifySpec, plan_verify
from app.jobs.awake import battery_warning
from app.jobs.in_front import run_in_front
from app.jobs.instance import Instance, Lanes
from app.jobs.journal import Journal
from app.jobs.kind import JobKind
from app.jobs.runner import Runner
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId, Spec
from app.jobs.vigil import Vigil
from app.media.frames.memory import Forgotten, forget, forget_daily
from app.media.montage.montages import Montages
from app.media.montage.spec import MontageSpec
from app.media.proxy.proxies import Proxies
from app.media.proxy.spec import ProxySpec
from app.media.transcode.spec import TranscodeSpec
from app.media.transcode.transcodes import Transcodes
from app.media.watch.watched import WatchedFolders
from app.offload.card.surroundings import Surroundings
from app.offload.evidence.account import Account, LastVerdict, report_folder, report_stem
from app.offload.evidence.day import day_report, day_stem
from app.offload.evidence.rows import SCHEMA as OFFLOAD_SCHEMA
from app.offload.evidence.verify_report import outcome_of, verify_report, write_verify_report
from app.offload.job.kinds import offload_kinds
from app.offload.job.proxies_after import followers, proxies_after
from app.offload.job.repair import RepairSpec
from app.offload.naming import shooting_day
from app.offload.plan import OffloadPlan
from app.offload.planning.make_plan import make_plan
from app.offload.planning.task import accepted, offload_task
from app.offload.spec import OffloadSpec
from app.paths import Profile, absolute
from app.places.cards import Card, candidate_cards, recognise
from app.places.volumes import Volume, volumes
from app.reports.model import DayReport, FileRow, TransferReport, VerifyReport
from app.settings import Settings
from app.units import now

if TYPE_CHECKING:
    from app.media.facts.values import ClipFacts
    from app.media.watch.folder import Told, WatchFolder
    from app.places.eject import EjectResult

log = logging.getLogger(__name__)


def tool_version() -> str:
    """Reelkeep's version."""
    from importlib.metadata import PackageNotFoundError, version  # it takes a while to load

    try:
        return version("reelkeep")
    except PackageNotFoundError:
        return "0 (source)"


class Engine(AbstractContextManager["Engine"]):
    """Plans, runs and watches the jobs of one profile."""

    def __init__(self, profile: Path | None = None, settings: Settings | None = None) -> None:
        self.profile = Profile.at(profile).create()
        self.settings = settings or Settings.load(self.profile.settings_file)
        self.journal = Journal(self.profile.journal, schemas=(OFFLOAD_SCHEMA,))
        self._last_verdict = LastVerdict()
        self._forgot = False
        self.proxies = Proxies(
            self.profile.directory, self.settings, self.journal, lambda: self.declared
        )
        self.montages = Montages(
            self.profile.indexes,
            self.journal,
            lambda: self.declared,
            lambda: self.external_decoders,
        )
        self.transcodes = Transcodes(
            self.profile.directory, self.settings, self.journal, lambda: self.declared
        )
        self.watched = WatchedFolders(self.settings, self.profile.settings_file, self.watch)
        self._instance = Instance(self.profile.directory / "instances")
        self._vigil = Vigil(lambda: bool(self.settings.get("jobs.keep_awake")))
        lanes = Lanes(self.profile.directory / "lanes")
        self._runner = Runner(
            self.journal, self._instance, lanes, self._vigil, logs=lambda: self.reports
        )
        self._runner.kinds = self._kinds()
        self._runner.recover()

    def close(self) -> None:
        """Let go of the profile; nothing may be running."""
        if not self._forgot:
            forget_daily(self.profile.media, int(self.settings.get("media.memory")))
        self._instance.close()
        self.journal.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # Jobs

    def plan(self, spec: Spec) -> OffloadPlan:
        """What a job would do, and what stands against it; no card and no drive is written to.

        Jobs of processes that have died are marked as interrupted first.
        """
        if isinstance(spec, OffloadSpec):
            self.recover()  # jobs of a process that has died need no room
            return make_plan(spec, self.journal, self.declared)
        raise BadInput(f"A job of the kind {spec.kind} has no plan.")

    def plan_verify(self, spec: VerifySpec) -> VerifyPlan:
        """What a verify job would read, and against what."""
        return plan_verify(spec, self.declared)

    def verify(self, path: Path, repair_from: Path | None = None) -> JobId:
        """Queue a verify job of a copy; *repair_from* is another copy of the same folder."""
        return self.submit(VerifySpec(path=path, repair_from=repair_from))

    def repair(self, job: JobId, destination: int) -> JobId:
        """Queue the repair of an offload's destination from its other verified copies."""
        return self.submit(RepairSpec(job=job, destination=destination))

    def submit(self, spec: Spec | OffloadPlan) -> JobId:
        """Put a job in the queue; PlanRefused when its plan says no.

        A plan that was made a moment ago is taken as it stands; a spec is planned now. Where the
        plan goes on with an interrupted job, that one is queued and its id answered.
        """
        if not isinstance(spec, OffloadSpec | OffloadPlan):
            return self._runner.submit(spec, self._runner.kinds[spec.kind].prepare(spec))
        plan = accepted(self.plan(spec) if isinstance(spec, OffloadSpec) else spec)
        later = proxies_after(plan, self.proxies.recipe)
        if plan.resumes is not None:
            self._runner.resume(plan.resumes)
            for follower in self.followers(plan.resumes):
                if self.snapshot(follower).state is JobState.INTERRUPTED:
                    self._runner.resume(follower)
            return plan.resumes
        job = self._runner.submit(plan.spec, offload_task(plan, self._around()))
        for proxies in later:
            self.submit(replace(proxies, after=job))
        return job

    def followers(self, job: JobId) -> tuple[JobId, ...]:
        """Jobs that begin once *job* has ended well: the proxies that an offload asks for."""
        return followers(self.journal, job)

    def run(
        self,
        spec: Spec | JobId,
        progress: Callable[[JobSnapshot], None] | None = None,
        *,
        every: float = 0.1,
    ) -> JobSnapshot:
        """Do a job (or resume one) now and wait for its end; *progress* is called ten times a
        second from this thread. KeyboardInterrupt cancels it at its next safe point."""
        if isinstance(spec, Spec):
            job = self.submit(spec)
        else:
            job = spec
            self._runner.resume(job)
        return run_in_front(self._runner, job, progress, every)

    def serve(self) -> None:
        """Run the queue until `stop`; the window's thread lives here."""
        self._runner.run()

    def stop(self) -> None:
        """Interrupt what runs at its next safe point, and let `serve` and `run` return."""
        self.watched.stop()
        self._runner.stop()

    def snapshots(self) -> tuple[JobSnapshot, ...]:
        """Every job of the queue as it stands, in the user's order."""
        return self._runner.snapshots()

    def snapshot(self, job: JobId) -> JobSnapshot:
        """One job as it stands."""
        return self._runner.snapshot(job)

    def pause(self, job: JobId) -> None:
        """Hold a running job."""
        self._runner.pause(job)

    def resume(self, job: JobId) -> None:
        """Let a paused job go on, or queue an interrupted one again."""
        self._runner.resume(job)

    def retry(self, job: JobId) -> JobId:
        """Try what failed in a job once more; what is confirmed is not done again."""
        self._runner.resume(job)
        return job

    def go_without(self, job: JobId, destination: int) -> None:
        """Let a running job finish without a destination that was pulled and will not come back.

        *destination* is its place in the offload's destinations, from 0; a retry takes it up again.
        """
        self._runner.go_without(job, destination)

    def cancel(self, job: JobId) -> tuple[str, ...]:
        """End a job; what is confirmed stays, what a crash left half written is removed.

        Answers, in words, on which drives that could not be done.
        """
        return self._runner.cancel(job)

    def move(self, job: JobId, before: JobId | None) -> None:
        """Change the user's order."""
        self._runner.move(job, before)

    def recover(self) -> tuple[JobId, ...]:
        """Mark jobs whose Reelkeep has died as interrupted; answers which."""
        return self._runner.recover()

    def forget(self, job: JobId) -> None:
        """Take an ended job off the queue; the journal keeps it."""
        self._runner.forget(job)

    # What jobs have shown

    def _account(self, job: JobId) -> Account:
        spec = self.journal.job(job).spec
        if not isinstance(spec, OffloadSpec):
            raise BadInput(f"Job {job} is no offload.")
        return Account(self.journal, job, spec, self._last_verdict)

    def verdict(self, job: JobId) -> Verdict:
        """May the card of an offload be formatted? With the reasons."""
        return self._account(job).verdict

    def verified(self, job: JobId) -> VerifyOutcome:
        """What a verify job found: every difference by name."""
        return outcome_of(self.journal, job)

    def files(self, job: JobId) -> Sequence[FileRow]:
        """Every file of an offload with its copies."""
        return tuple(self._account(job).file_rows())

    def report(self, job: JobId, *, every_file: bool = True) -> TransferReport:
        """The report of an offload, as it stands; or with only the files not simply done."""
        return self._account(job).report(*self._times(job), every_file=every_file)

    def _times(self, job: JobId) -> tuple[datetime, datetime]:
        row = self.journal.job(job)
        started = row.started or row.created
        return started, row.finished or started

    def verify_report(self, job: JobId) -> VerifyReport:
        """The report of a verify job; BadInput when it has not come to an end."""
        return verify_report(self.journal, job)

    def write_report(self, job: JobId, folder: Path | None = None) -> Path:
        """Write the report of an offload as it stands, or of a verify job, as HTML, PDF and CSV;
        answers the HTML."""
        from app.reports.posters import with_posters
        from app.reports.write import write_transfer

        if self.journal.job(job).kind == VerifySpec.kind:
            return write_verify_report(self.journal, job, folder or self.reports).html
        account = self._account(job)
        report = account.report(*self._times(job), held=False)
        if self.settings.get("report.thumbnails"):
            report = with_posters(report)
        place = folder or report_folder(self.journal, job, self.reports, self._around().volume_of)
        return write_transfer(report, place, report_stem(account, report.started)).html

    def day(self, day: date | None = None) -> DayReport:
        """All cards of a shooting day, of today's by default, as they stand now."""
        get = self.settings.get
        today = shooting_day(now(), get("offload.rollover_hour"))
        facts = {"Production": "project.production", "Unit": "project.unit"}
        return day_report(
            self.journal,
            day or today,
            project=get("project.name"),
            first_day=get("project.first_day"),
            extra={name: value for name, key in facts.items() if (value := get(key))},
        )

    def write_day_report(self, report: DayReport, folder: Path | None = None) -> Path:
        """Write the report of a day as HTML, PDF and CSV; answers the HTML."""
        from app.reports.write import write_day

        return write_day(report, folder or self.reports, day_stem(report.day)).html

    # Places

    @property
    def awake(self) -> bool:
        """Whether the machine is kept awake right now, because a job runs."""
        return self._vigil.held

    @property
    def power_warning(self) -> str:
        """One sentence while the machine runs on a battery that is low, else ""."""
        return battery_warning()

    @property
    def reports(self) -> Path:
        """The folder of reports that name no other."""
        return self.settings.path("report.directory") or self.profile.reports

    @property
    def declared(self) -> dict[str, str]:
        """Devices that a person has named in the settings."""
        return dict(self.settings.get("devices.declared") or {})

    def volumes(self) -> tuple[Volume, ...]:
        """Every mounted place."""
        return volumes(self.declared)

    def cards(self) -> tuple[Card, ...]:
        """Every card that is mounted."""
        found = candidate_cards(self.volumes())
        return tuple(recognise(card.volume.mount_point, label=card.volume.label) for card in found)

    def recognise(self, path: Path) -> Card:
        """The card (or folder) at *path*."""
        if not path.is_dir():
            raise NotFound(f"There is no card or folder at {path}.", path=path)
        return recognise(path)

    def probe(self, path: Path) -> ClipFacts:
        """What the clip tells of itself that *path* is a file, or the folder, of.

        Raises NotFound, BadInput, and MediaFault for what is no clip or a damaged one.
        """
        from app.media.facts.probe import probe  # what works is loaded when it works

        return probe(path, decoders=self.external_decoders)

    def forget_clips(self, *, dry_run: bool = False) -> Forgotten:
        """Bring what is remembered of clips down to its limit: `media.memory` in the settings.

        By itself that is done once a day, when an engine is closed.
        """
        self._forgot = True
        limit = int(self.settings.get("media.memory"))
        return forget(self.profile.media, limit, dry_run=dry_run)

    @property
    def external_decoders(self) -> dict[str, str]:
        """Programs for clips that cannot be decoded here, by extension; asked for each time."""
        return dict(self.settings.get("media.external_decoders") or {})

    def eject(self, place: Path) -> EjectResult:
        """Unmount and power off; PlaceBusy names the program that holds it."""
        from app.places.eject import eject

        return eject(place)

    def watch(self, root: Path, told: Told = lambda _: None) -> WatchFolder:
        """The watch folder at *root*: call its `run` in a thread while `serve` runs the queue.

        Raises NotFound where there is none (`app.media.watch.order.init` makes one), and BadInput
        where its TOML makes no sense.
        """
        from app.media.watch.folder import WatchFolder
        from app.media.watch.order import read_order
        from app.media.watch.products import Products

        order = read_order(absolute(root))
        products = Products.of(order, self.transcodes.recipe, self.proxies.recipe)
        return WatchFolder(order, products, self, told)

    # How jobs are made and done

    def _around(self) -> Surroundings:
        return Surroundings(
            declared=self.declared,
            tool_version=tool_version(),
            operator=self.settings.get("project.operator") or "",
            report_folder=self.reports if self.settings.get("report.write") else None,
            thumbnails=bool(self.settings.get("report.thumbnails")),
        )

    def _kinds(self) -> dict[str, JobKind]:
        return {
            **offload_kinds(self.journal, self._around, self._last_verdict),
            ProxySpec.kind: self.proxies.kind(),
            TranscodeSpec.kind: self.transcodes.kind(),
            MontageSpec.kind: self.montages.kind(),
        }

    def history(self) -> Iterator[JobSnapshot]:
        """Every job that the journal knows, also those off the queue, oldest first."""
        for row in self.journal.jobs(hidden=True):
            yield self._runner.snapshot(row.id)

    def interrupted(self) -> tuple[JobSnapshot, ...]:
        """Jobs that a crash or a quit left unfinished."""
        return tuple(s for s in self.history() if s.state is JobState.INTERRUPTED)
