"""Runs an offload: passes over the card until every destination has what it can get.

A pass copies what is not yet confirmed. A pulled drive or card ends its part of the pass; the
job waits, says what it wants, finds it again by identity, and the next pass redoes only what was
not confirmed. A resume after a crash, a retry and a later stage of a cascade are passes too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

from app.errors import (
    DestinationFault,
    DestinationGone,
    JobCancelled,
    NameTaken,
    ReelkeepError,
    SourceFault,
    SourceGone,
)
from app.jobs.control import JobControl
from app.jobs.journal import Journal
from app.jobs.snapshot import PlaceState
from app.jobs.spec import JobId
from app.offload.card.source import Source, problem_of
from app.offload.card.surroundings import FoundCard, Surroundings
from app.offload.card.watch import CardWatch
from app.offload.copying.hand import SMALL
from app.offload.copying.large import LargeFiles
from app.offload.copying.passage import Passage
from app.offload.copying.place import Place
from app.offload.copying.small import SmallFiles
from app.offload.copying.target import Target
from app.offload.copying.work import CopyWork, FileWork, failed_fact
from app.offload.evidence.account import LastVerdict
from app.offload.evidence.ledger import Ledger
from app.offload.job.feeding import feeding_source, feeds, read_from, waits_for
from app.offload.job.finish import Finish, get_ready
from app.offload.job.roster import Roster
from app.offload.job.totals import totals
from app.offload.spec import OffloadSpec, OnCollision
from app.places.root import PinnedFolder

log = logging.getLogger(__name__)


class OffloadRun:
    """One offload at work."""

    def __init__(
        self,
        job: JobId,
        spec: OffloadSpec,
        control: JobControl,
        journal: Journal,
        around: Surroundings,
        last_verdict: LastVerdict | None = None,
    ) -> None:
        self.job, self.spec, self.control, self.around = job, spec, control, around
        self.last_verdict = last_verdict or LastVerdict()
        self.ledger = Ledger(journal, job)
        self.roster = Roster(self.ledger, spec, around)
        self.places = self.roster.places
        self._card: PinnedFolder | None = None
        self.card_watch = CardWatch(control, self.roster.card_name)
        self._at_work: tuple[LargeFiles, SmallFiles] | None = None
        self._lost: dict[int, DestinationFault] = {}
        self._finish = Finish(self)

    def run(self) -> bool:
        """True when everything that was asked is done."""
        try:
            if self.roster.card_is_done():
                self.roster.take_up(relist=False)
                if self.roster.unconfirmed(0):
                    self._open_card()  # a copy has changed or gone since
            else:
                self._open_card()
                self.roster.begin()
            self._show_totals()
            for stage in sorted({place.record.stage for place in self.places}):
                self._stage(stage)
            return self._finish.everything()
        finally:
            if self._card is not None:
                self._card.close()
            for place in self.places:
                place.close()

    # Stages and passes

    def _stage(self, stage: int) -> None:
        """All passes of one stage, until nothing more can be done."""
        while True:
            self._open_places(stage)
            wanted = self.roster.wanted(stage, set(self._lost))
            first = next(wanted, None)
            if first is None:
                if waiting := self._gone(stage) or self._gone_sources(stage):
                    self._wait_for_places(waiting)
                    continue
                break
            before = self.roster.unconfirmed(stage), self.roster.renumbered
            try:
                self._one_pass(stage, chain([first], wanted))
            except SourceGone:
                self.control.checkpoint()
                self._source_is_gone(stage)
                continue
            if waiting := self._gone(stage):
                self._wait_for_places(waiting)
            elif self._no_further(stage, *before):
                break
        if stage == 0 and self._card is not None:
            self.card_watch.ask(self._finish.card_is_free)
            self._card.close()  # so that it can be ejected while the other stages go on
            self._card = None

    def _no_further(self, stage: int, unconfirmed: int, renumbered: int) -> bool:
        """Whether a pass has brought nothing: no copy, and no other name to try."""
        same_names = self.roster.renumbered == renumbered
        return same_names and self.roster.unconfirmed(stage) >= unconfirmed

    def _one_pass(self, stage: int, wanted: Iterable[FileWork]) -> None:
        targets = {p.index: p.target for p in self.places if p.target and p.target.alive}
        targets = {i: t for i, t in targets.items() if self.places[i].record.stage == stage}
        if not targets:
            return
        self._show_totals()
        for index in targets:
            self.control.place(index, state=PlaceState.WRITING, trouble="")
        passage = self._passage(stage, targets)
        get_ready()
        self.control.show(stage=self._stage_words(stage), wants="")
        self._at_work = None
        copy_all = partial(self._copy_all, passage, wanted)
        try:
            if stage:
                read_from(self.roster.fed_by(), copy_all)
            else:
                self.card_watch.ask(copy_all)
        except (JobCancelled, SourceGone):
            self._leave_source(stage)
            raise
        if trouble := passage.fatal or passage.source_gone:
            raise trouble
        self.control.checkpoint()  # cancelled while the last files were read back

    def _copy_all(self, passage: Passage, wanted: Iterable[FileWork]) -> None:
        expected = self.ledger.count_small(SMALL)
        with closing(LargeFiles(passage)) as large, closing(SmallFiles(passage, expected)) as small:
            self._at_work = large, small
            for work in wanted:
                self._copy(work, passage, large, small)
            small.finish()
            large.check_all()

    def _leave_source(self, stage: int) -> None:
        """Where the source hangs, nobody else ends what was on its way to the destinations."""
        fed = self.roster.feeding.target if stage and self.roster.feeding else None
        hangs = fed.silent if fed is not None else self.card_watch.given_up
        if hangs and self._at_work is not None:
            large, small = self._at_work
            large.give_up_source()
            small.close()

    def _copy(self, work: FileWork, passage: Passage, large: LargeFiles, small: SmallFiles) -> None:
        self.control.checkpoint()
        if trouble := passage.fatal or passage.source_gone:
            raise trouble
        if work.entry.size <= SMALL:
            small.add(work)
            return
        try:
            large.copy(work)
        except SourceFault as error:
            passage.source_failed(work, error)

    def _passage(self, stage: int, targets: dict[int, Target]) -> Passage:
        card = stage == 0
        fed = None if card else self.roster.fed_by()
        return Passage(
            source=feeding_source(fed) if fed else self._card_source(),
            targets=targets,
            control=self.control,
            kinds=self.roster.kinds,
            read_back=self.spec.verify.reads_back,
            source_twice=card and self.spec.verify.reads_source_twice,
            block_size=self.spec.buffer_size,
            record_source=self._record_source if card else self._record_stage_source,
            record_copies=self.ledger.confirm,
            record_failure=self._record_failure,
            card_waits=partial(waits_for, fed) if fed else self.card_watch.mention,
        )

    def _stage_words(self, stage: int) -> str:
        if stage:
            return f"Stage {stage + 1}: copying on, reading back"
        return "Copying, reading back" if self.spec.verify.reads_back else "Copying"

    # What the parts of a pass report

    def _record_source(self, works: Sequence[FileWork]) -> None:
        read = [w for w in works if w.trouble is None]
        self.roster.check_known(read)
        self.ledger.read(
            (w.n, w.digests.result(), w.read_at, self.spec.verify.reads_source_twice) for w in read
        )
        for work in works:
            if work.trouble is not None:
                self.ledger.problem(work.n, problem_of(work.trouble), str(work.trouble))
                log.info("%s: %s", self.job, work.trouble)

    def _record_stage_source(self, works: Sequence[FileWork]) -> None:
        for work in works:
            if work.trouble is not None:
                self.roster.stage_source_failed(work)
                log.info("%s: %s", self.job, work.trouble)

    def _record_failure(self, copy: CopyWork, error: ReelkeepError) -> None:
        log.info("%s: %s", self.job, error)
        if isinstance(error, NameTaken) and self.spec.on_collision is OnCollision.KEEP_BOTH:
            self.roster.renumber(copy.work.n, copy.target.index)
            return
        self.ledger.confirm([failed_fact(copy.work.n, copy.target.index, copy.path, str(error))])

    # Card and drives: opening, losing, finding again

    def _card_source(self) -> Source:
        assert self._card is not None
        return self.card_watch.source(self._card, self.roster.card_name)

    @property
    def card(self) -> PinnedFolder:
        """The card's pinned root."""
        assert self._card is not None
        return self._card

    def _open_card(self) -> None:
        found = self._find_card(self.spec.source)
        if isinstance(found, FoundCard):
            self._card_is_there(found)
        else:
            self._wait_for_card()

    def _card_is_there(self, found: FoundCard) -> None:
        self._card = self.card_watch.open(found.root)
        self.roster.card_is_at(found)

    def _find_card(self, last: Path) -> FoundCard | str:
        roster = self.roster

        def found(answered: Callable[[], None]) -> FoundCard | str:
            return self.around.find_card(
                last,
                roster.identity,
                roster.card_volume,
                roster.holds_what_was_read,
                roster.holds_what_was_listed,
                answered,
            )

        return self.card_watch.ask_at_length(found)

    def _wait_for_card(self) -> None:
        """Say which card is wanted until it is back; another card in its place is refused."""
        if self._card is not None:
            self._card.close()
            self._card = None
        name = self.roster.card_name
        log.info("%s: the card %s is gone", self.job, name)
        wants = f"Put the card {name} back."
        while True:
            self.control.show(wants=wants, stage="Waiting for the card")
            self.control.wait(0.5)
            found = self._find_card(self.roster.card_root)
            if isinstance(found, FoundCard):
                break
            wants = f"Put the card {name} back. {found}".strip()
        self._card_is_there(found)
        self.control.show(wants="", card=str(found.root))
        log.info("%s: the card %s is back", self.job, name)

    def _source_is_gone(self, stage: int) -> None:
        """The card is waited for; an earlier stage's drive only if no other has its files."""
        self._show_totals()  # what is not confirmed is lost now, not when it is back
        if stage == 0:
            self._wait_for_card()
        elif (feeding := self.roster.feeding) is not None and feeding.target is not None:
            feeding.target.detach(feeding.target.gone_error())
            state = PlaceState.FAILED if feeding.target.silent else PlaceState.GONE
            self.control.place(feeding.index, state=state, trouble=str(feeding.target.trouble))

    def _open_places(self, stage: int) -> None:
        """Open what takes part in a stage: its drives, and those of earlier ones to read from."""
        for place in (p for p in self.places if p.record.stage <= stage):
            if place.target is not None and place.target.gone:
                place.close()
            if place.target is None and place.index not in self._lost:
                self._open_place(place)

    def _open_place(self, place: Place) -> None:
        if not place.find(self.around.volumes, self.around.volume_of):
            self.control.place(place.index, state=PlaceState.GONE)
            return
        place.hurried = lambda: self.control.cancelled
        try:
            place.open(self.around.volume_of)
            place.drop_partials(self.roster.folders_on(place))
        except DestinationGone:  # pulled a moment ago: it is waited for
            place.close()
            self.control.place(place.index, state=PlaceState.GONE)
        except DestinationFault as error:
            self._lost[place.index] = error
            self.control.place(place.index, state=PlaceState.FAILED, trouble=str(error))

    def _of_stage(self, stage: int) -> Iterable[Place]:
        return (place for place in self.places if place.record.stage == stage)

    def _gone(self, stage: int) -> list[Place]:
        """Destinations that were pulled and still want something."""
        for place in self._of_stage(stage):
            if place.target is not None and place.target.trouble and not place.target.gone:
                self._lost.setdefault(place.index, place.target.trouble)
        return [
            place
            for place in self._of_stage(stage)
            if place.index not in self._lost
            and (place.target is None or place.target.gone)
            and self.roster.wants(place)
        ]

    def _gone_sources(self, stage: int) -> list[Place]:
        """Drives of earlier stages that are away and hold what this stage still wants."""
        return [
            place
            for place in self.places
            if place.record.stage < stage
            and place.index not in self._lost
            and (place.target is None or place.target.gone)
            and feeds(self.roster, place, stage, set(self._lost))
        ]

    def _wait_for_places(self, waiting: Sequence[Place]) -> None:
        names = ", ".join(place.name for place in waiting)
        self._show_totals()  # what is not confirmed is lost now, not when they are back
        for place in waiting:
            self.control.place(place.index, state=PlaceState.GONE)
            place.close()
        self.control.show(wants=f"Connect {names} again.", stage="Waiting for a drive")
        log.info("%s: waits for %s", self.job, names)
        while awaited := [place for place in waiting if not self._left_out(place)]:
            if any(p.find(self.around.volumes, self.around.volume_of) for p in awaited):
                break
            self.control.wait(0.5)
        self.control.show(wants="")

    def _left_out(self, place: Place) -> bool:
        """Whether the person wants the job to finish without *place*; then it has failed."""
        if place.index not in self.control.left_out:
            return False
        if place.index not in self._lost:
            error = DestinationGone(
                f"{place.name} was removed, and the job was finished without it.",
                device=place.name,
                hint="Connect the drive again, then retry: only what is missing is copied.",
            )
            self._lost[place.index] = error
            log.info("%s: %s", self.job, error.message)
            self.control.place(place.index, state=PlaceState.FAILED, trouble=str(error))
        return True

    def wait_for(self, places: Sequence[Place]) -> None:
        """Wait for drives that were pulled, and open those that are back."""
        self._wait_for_places(places)
        for place in places:
            self._open_place(place)

    def _show_totals(self) -> None:
        """What is confirmed, counted anew: a pass that is redone must not count twice."""
        facts = totals(self.roster)
        shown = self.control.snapshot().places
        if shown:
            facts["places"] = tuple(
                replace(old, written=new.written, verified=new.verified, path=new.path)
                for old, new in zip(shown, facts["places"], strict=True)
            )
        self.control.show(**facts)

    @property
    def lost(self) -> dict[int, DestinationFault]:
        """Destinations that failed for good, with the reason."""
        return self._lost
