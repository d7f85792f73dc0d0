"""The end of an offload: folders, links, the second listing, manifests, verdict, report."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from app.errors import (
    DestinationFault,
    DestinationGone,
    DestinationSilent,
    ReelkeepError,
    WriteFailed,
)
from app.integrity.verdict import Problem, ReadWay, Verdict
from app.jobs.snapshot import PlaceState
from app.offload.copying.place import Place
from app.offload.copying.settle import proven_state
from app.offload.copying.target import Target
from app.offload.copying.work import CopyFact, CopyState, failed_fact
from app.offload.evidence import memory
from app.offload.evidence.account import Account, report_folder, report_stem, written_elsewhere
from app.offload.evidence.rows import EntryRow
from app.offload.job.custody import write_custody
from app.offload.job.second_listing import change_since_listed
from app.offload.job.share import Share
from app.offload.job.withdraw import withdraw_known
from app.places.linux.calls import sync_file_system
from app.places.silence import Silence, watcher
from app.places.tree import Entry, EntryKind
from app.units import count_text, now

if TYPE_CHECKING:
    from app.offload.job.run import OffloadRun

log = logging.getLogger(__name__)

_SECONDS_PER_ENTRY = 0.02
"""What the slowest drive needs to name an entry in its folders and manifests."""


class Finish:
    """What remains to be done once the files are copied."""

    def __init__(self, run: OffloadRun) -> None:
        self._run = run
        self._journal = run.ledger.journal
        self._job = run.job
        self._change = ""
        """What a second listing of the card found otherwise."""
        self._incomplete = ""
        """What a destination lacks that no file and no drive is to blame for."""

    def card_is_free(self) -> None:
        """After the first stage: list the card again; from here on it is not needed."""
        run = self._run
        run.control.show(stage="Listing the card again", current="")
        self._links(stage=0)
        self._change = change_since_listed(run)
        self._journal.set_fact(self._job, "card_change", self._change)
        self._journal.set_fact(self._job, "listed_again", not self._change)
        if self._change:
            self._note(self._change)
        self._show_verdict(self._as_it_stands().verdict)

    def everything(self) -> bool:
        """All that remains; True when everything that was asked is done."""
        run = self._run
        later = {p.record.stage for p in run.places} - {0}
        for stage in later:
            self._links(stage=stage)
        for news in withdraw_known(run):
            self._note(news)
        self._journal.set_fact(self._job, "destinations", self._finish_places())
        account = self._as_it_stands()
        self._show_verdict(account.verdict)
        self._write_report(account)
        return self._done()

    # Folders and links

    def _links(self, stage: int) -> None:
        """Links are made again as links, and compared by where they point."""
        for place in self._run.places:
            target = place.target
            if place.record.stage == stage and target is not None and target.alive:
                # A drive that does not answer is told of when it is finished.
                with contextlib.suppress(DestinationSilent):
                    target.ask(partial(self._links_on, place, target), self._seconds())

    def _listed(self, kind: EntryKind) -> Iterator[EntryRow]:
        return (r for r in self._run.ledger.entries(kind) if r.problem is not Problem.IGNORED)

    def _links_on(self, place: Place, target: Target) -> None:
        """The links of one destination that have no row yet."""
        links = list(self._listed(EntryKind.LINK))
        if not links:
            return
        share = self._run.roster.share(place)
        have = {fact.n for fact in self._run.ledger.copies_on(place.index)}
        facts = []
        for row in links:
            wanted = row.n not in have
            if wanted and share.takes(row) and target.folder.still_there():
                path = share.put(row.entry.path, row.clip)
                facts.append(self._link(target, row, path))
        self._run.ledger.confirm(facts)

    def _link(self, target: Target, row: EntryRow, path: str) -> CopyFact:
        folder = target.folder
        try:
            found = folder.stat(path)
            if found is None:
                folder.make_link(row.entry.target, path)
                folder.sync_folder(path.rpartition("/")[0])
            if folder.read_link(path) != row.entry.target:
                raise OSError(17, "something else has this name")
        except OSError as error:
            words = f"The link {path} cannot be made on {target.name}: {error.strerror}."
            return failed_fact(row.n, target.index, path, words)
        moment = now()
        way = ReadWay.NONE
        if target.flush:
            way = ReadWay.MEDIUM if target.provable else ReadWay.CACHE
        return CopyFact(
            n=row.n,
            destination=target.index,
            path=path,
            state=proven_state(way),
            way=way,
            kind="link",
            written=moment,
            read=now(),
            mtime_ns=0,
            found=found is not None,
        )

    def _folders(self, target: Target, place: Place) -> WriteFailed | None:
        """Empty folders are kept; times of folders come last, deepest first.

        Answers with the folders that the destination cannot hold; None when it holds them all.
        """
        share = Share(self._run.roster, place, naming=True)
        made: list[tuple[str, Entry]] = []
        refused: list[str] = []
        for row in self._listed(EntryKind.FOLDER):
            path = share.put(row.entry.path, row.clip)
            if reason := share.refusal(path) or _not_made(target, path):
                refused.append(f"{target.name} cannot hold the folder {path}: {reason}.")
            else:
                made.append((path, row.entry))
        for path, entry in reversed(made):
            _keep_folder_facts(target, path, entry)
        with target.folder.folder("") as fd:
            sync_file_system(fd)
        if not refused:
            return None
        more = f" And {len(refused) - 1:,} more folders." if len(refused) > 1 else ""
        return WriteFailed(refused[0] + more, device=target.name, hint="")

    # One destination

    def _finish_places(self) -> dict[str, Any]:
        """Finish every destination; those that were pulled are waited for, after the others."""
        run = self._run
        figures: dict[str, Any] = dict(self._journal.fact(self._job, "destinations", {}))
        waiting = list(run.places)
        while waiting:
            run.control.show(stage="Writing manifests", current="")
            for place in waiting:
                if place.target is not None or place.index in run.lost:
                    figures[str(place.index)] = self._finish_place(place)
            waiting = [place for place in waiting if self._still_wanted(place)]
            if waiting:
                run.wait_for(waiting)
        return figures

    def _still_wanted(self, place: Place) -> bool:
        """Whether a destination is away that lacks its folders' times or its manifest."""
        away = place.target is None or place.target.gone
        if not away or place.index in self._run.lost:
            return False
        held = self._journal.fact(self._job, f"finished {place.index}", 0)
        return bool(held < self._run.ledger.count_held(place.index))

    def _finish_place(self, place: Place) -> dict[str, Any]:
        run, target = self._run, place.target
        told: dict[str, Any] = {"root": str(place.root)}
        trouble: ReelkeepError | None = run.lost.get(place.index)
        if target is not None and target.silent:
            trouble = trouble or target.silence.fault
        if target is not None and target.alive and trouble is None:
            try:
                target.ask(target.check)
                complete = partial(self._complete, place, target)
                told["manifest"], lacking = target.ask(complete, self._seconds())
                held = run.ledger.count_held(place.index)
                self._journal.set_fact(self._job, f"finished {place.index}", held)
                trouble = lacking
            except OSError as error:
                trouble = target.fault(error, str(place.root))
            except ReelkeepError as error:
                trouble = error
            told["not_kept"] = [
                f"{what} of {count_text(n, 'file')}" for what, n in target.not_kept.items()
            ]
        shown = run.control.snapshot().places[place.index]
        elapsed = (now() - (run.control.snapshot().started or now())).total_seconds()
        told["seconds"] = elapsed
        made = min(shown.written, run.ledger.bytes_made(place.index))  # the rest lay there before
        told["rate"] = made / elapsed if elapsed > 0 else 0.0
        if made and elapsed > 1:
            memory.remember_rate(self._journal, place.record.device, told["rate"])
        if trouble is not None:
            told["trouble"] = str(trouble)
            if target is not None and isinstance(trouble, DestinationGone):
                target.detach(trouble)
            elif isinstance(trouble, DestinationFault):
                run.lost.setdefault(place.index, trouble)
            else:
                self._incomplete = str(trouble)
        self._show_place(place, trouble)
        return told

    def _complete(self, place: Place, target: Target) -> tuple[str, WriteFailed | None]:
        """Links, folders and manifests of one destination; the manifest, and what it cannot hold.

        A folder that it cannot hold takes nothing from the manifest of the others.
        """
        self._links_on(place, target)
        lacking = self._folders(target, place)
        if self._run.spec.manifests or self._run.spec.legacy_mhl:
            return write_custody(self._run, place), lacking
        return "", lacking

    def _show_place(self, place: Place, trouble: ReelkeepError | None) -> None:
        failed = list(self._run.ledger.copies_on(place.index, CopyState.FAILED))
        if trouble is None and failed:
            more = f" And {len(failed) - 1:,} more files." if len(failed) > 1 else ""
            words = failed[0].trouble + more
            self._run.control.place(place.index, state=PlaceState.FAILED, trouble=words)
            return
        complete = trouble is None
        self._run.control.place(
            place.index,
            state=PlaceState.DONE if complete else PlaceState.FAILED,
            trouble="" if trouble is None else str(trouble),
            safe_to_eject=complete and place.record.flush,
        )

    # Verdict and report

    def _as_it_stands(self) -> Account:
        return Account(self._journal, self._job, self._run.spec, self._run.last_verdict)

    def _show_verdict(self, verdict: Verdict) -> None:
        self._run.control.show(verdict=verdict.sentence, safe=verdict.safe)
        log.info("%s: %s", self._job, verdict.sentence)

    def _write_report(self, account: Account) -> None:
        """A report that cannot be written is said, and takes nothing from the verdict."""
        run = self._run
        around = run.around
        usual = around.report_folder or run.spec.report
        if usual is None:
            return
        folder = report_folder(self._journal, self._job, usual, around.volume_of)
        if folder != (run.spec.report or folder):
            self._note(f"The drive of {run.spec.report} is away; the report lies in {folder}.")
        run.control.show(stage="Writing the report")
        try:
            from app.reports.posters import with_posters
            from app.reports.write import write_transfer

            started = run.control.snapshot().started or now()
            report = account.report(started, now(), held=False)
            if around.thumbnails:
                report = with_posters(report)
            silence = Silence(f"The folder of the report, {folder},")
            silence.hurried = lambda: run.control.cancelled
            write = partial(write_transfer, report, folder, report_stem(account, started))
            written = silence.ask(write, self._seconds())
        except (OSError, ReelkeepError) as error:
            failed = "The report could not be written."
            words = error.message if isinstance(error, ReelkeepError) else failed
            self._note(words)
            run.control.show(error=words, hint=written_elsewhere(self._job))
            return
        self._journal.set_fact(self._job, "report", str(written.html))
        run.control.show(report=str(written.html))

    def _done(self) -> bool:
        """Whether every file is where it was asked for, and proven where that was asked."""
        run = self._run
        accepted = {CopyState.VERIFIED}
        if not run.spec.verify.reads_back:
            accepted |= {CopyState.WRITTEN, CopyState.CACHE}
        unlisted = run.ledger.entries(EntryKind.UNREADABLE)
        bad = sum(row.problem is not Problem.IGNORED for row in unlisted)
        first, special, cached = "", "", 0
        for share in map(run.roster.share, run.places):
            unflushed = not share.place.record.flush
            enough = {*accepted, CopyState.WRITTEN} if unflushed else accepted
            for row, fact in run.ledger.short_of(share.place.index, enough):
                if not share.takes(row):
                    continue
                bad += 1
                lost = str(run.lost.get(share.place.index, ""))
                if row.problem is Problem.SPECIAL:
                    special = special or row.entry.path
                elif row.problem is None and fact is not None:
                    cached += fact.state is not CopyState.FAILED
                first = first or row.trouble or (fact.trouble if fact else "") or lost
        if not (bad or run.lost or self._change or self._incomplete):
            return True
        lost_words = next((str(error) for error in run.lost.values()), "")
        said = lost_words or first or self._change or self._incomplete or _why(special, cached)
        run.control.show(error=said, hint="")
        return False

    def _seconds(self) -> float:
        """How long a drive may take for its links, folders and manifests."""
        entries = self._run.ledger.count_entries()
        return watcher().patience.sync + _SECONDS_PER_ENTRY * entries

    def _note(self, text: str) -> None:
        notes = self._journal.fact(self._job, "notes", [])
        if text not in notes:
            self._journal.set_fact(self._job, "notes", [*notes, text])


def get_ready() -> None:
    """Import what writes reports while the drives are at work: it takes a third of a second."""
    modules = ("app.reports.write",)
    threading.Thread(target=lambda: [*map(import_module, modules)], name="get ready").start()


def _why(special: str, cached: int) -> str:
    """What is wrong where no file and no drive says so itself."""
    said = []
    if special:
        said.append(
            f"{special} on the card is no regular file (a pipe, a socket or a device) and cannot be"
            " copied."
        )
    if cached:
        copies, verb = count_text(cached, "copy", "copies"), "does" if cached == 1 else "do"
        said.append(
            f"{copies} could not be read back past the cache, and {verb} not count as verified."
        )
    return " ".join(said) or "Not everything that was asked for could be done."


def _not_made(target: Target, path: str) -> str:
    """Make a folder; why it cannot be, where that is for its name alone."""
    try:
        target.folder.make_folder(path)
    except OSError as error:
        if not target.only_this_file(error):
            raise
        return error.strerror or str(error)
    return ""


def _keep_folder_facts(target: Target, path: str, entry: Entry) -> None:
    with target.folder.folder(path) as fd:
        try:
            os.utime(fd, ns=(entry.mtime_ns, entry.mtime_ns))
            if entry.mode & 0o700 == 0o700:
                os.fchmod(fd, entry.mode & 0o777)
        except OSError:
            target.miss("folder times and permissions")
