"""The one door to contact sheets and stills: plan and run jobs, ask what they have made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from app.errors import BadInput, NotFound
from app.jobs.control import JobControl
from app.jobs.journal import Journal
from app.jobs.kind import JobKind, Task
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId, Spec
from app.media.montage.spec import (
    LEAST_WIDTH,
    MOST_TILES,
    MOST_WIDTH,
    MontagePlan,
    MontageSpec,
    SheetResult,
)
from app.media.montage.still_order import Still, StillForm, StillOrder, make_still
from app.media.products import LANE
from app.places.online import is_online
from app.places.volumes import volume_of
from app.units import TILES, count_text


class Montages:
    """The contact sheets of one profile, and stills."""

    def __init__(
        self,
        indexes: Path,
        journal: Journal,
        declared: Callable[[], Mapping[str, str]] = dict,
        decoders: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        """*indexes*: where frame indexes are kept; *declared*: devices that a person has named;
        *decoders*: programs of the settings for what cannot be decoded here."""
        self._indexes, self._journal, self._declared = indexes, journal, declared
        self._decoders = decoders

    def plan(self, spec: MontageSpec) -> MontagePlan:
        """What a job would make; nothing is written."""
        from app.media.montage.job import plan_montage  # what works is loaded when it works

        _check(spec)
        return plan_montage(spec, self._decoders())

    def results(self, job: JobId) -> tuple[SheetResult, ...]:
        """What became of each clip of a job; BadInput for jobs of another kind."""
        from app.media.montage.job import results_of

        if self._journal.job(job).kind != MontageSpec.kind:
            raise BadInput(f"Job {job} makes no contact sheets.")
        return results_of(self._journal, job)

    def still(
        self,
        clip: Path,
        at: str,
        to: Path,
        *,
        form: StillForm = StillForm.PNG,
        track: int = 0,
        dry_run: bool = False,
        name: str = "",
        timecode: str = "",
    ) -> Still:
        """Export one frame of *clip* into the folder *to*, its timecode in the name.

        *at* is a timecode, or the number of a frame, counted from 0. *name* and *timecode* are
        those in the file's name, in the place of the clip's. Nothing is replaced. A child does it,
        which may die of the clip. Raises NotFound, BadInput, MediaFault for a clip or frame that
        can't be shown, WriteFailed.
        """
        from app.media.facts.external import decoder_for

        if not is_online(clip):
            raise NotFound(f"There is no file {clip}.", path=clip)
        program = decoder_for(clip, self._decoders())
        order = StillOrder(
            source=clip, at=at, to=to, form=form, track=track, indexes=self._indexes,
            decoder=program.words if program else (), dry_run=dry_run, name=name,
            timecode=timecode,
        )  # fmt: skip
        idle = JobSnapshot(id=JobId(""), kind="still", title="", state=JobState.RUNNING)
        return make_still(order, JobControl(idle))

    def kind(self) -> JobKind:
        """How such jobs are prepared and run."""
        return JobKind(prepare=self._task, run=self._run, clear_up=self._clear_up)

    def _task(self, spec: Spec) -> Task:
        assert isinstance(spec, MontageSpec)
        if spec.after is None:  # else they need not be there yet
            _check(spec)
        first = spec.files[0].name
        title = first if len(spec.files) == 1 else count_text(len(spec.files), "clip")
        device = volume_of(spec.to, dict(self._declared())).device.id  # not to be unplugged
        return Task(
            title=f"Contact sheets of {title}",
            lanes=frozenset({LANE, device}),
            facts={},
            shown={"unit": TILES, "goes_to": str(spec.to)},
        )

    def _run(self, job: JobId, spec: Spec, control: JobControl) -> bool:
        from app.media.montage.job import MontageRun

        assert isinstance(spec, MontageSpec)
        decoders = self._decoders()
        return MontageRun(job, spec, control, self._journal, self._indexes, decoders).run()

    def _clear_up(self, job: JobId, _spec: Spec) -> tuple[str, ...]:
        from app.media.montage.job import clear_up

        return clear_up(self._journal, job)


def _check(spec: MontageSpec) -> None:
    """NotFound, BadInput, for what can be said before anything is begun."""
    if not spec.files:
        raise BadInput("Contact sheets are made of at least one clip.")
    if spec.grid is not None and not 1 <= spec.grid <= MOST_TILES:
        raise BadInput(f"A contact sheet has 1 to {MOST_TILES} tiles in a row, not {spec.grid}.")
    if not LEAST_WIDTH <= spec.width <= MOST_WIDTH:
        raise BadInput(f"A contact sheet is {LEAST_WIDTH} to {MOST_WIDTH:,} pixels wide.")
    for path in spec.files:
        if not path.exists():
            raise NotFound(f"There is no file {path}.", path=path)
