"""The one door to transcodes: recipes, plans, jobs, and what became of each clip."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from app.errors import BadInput, NotFound
from app.jobs.control import JobControl
from app.jobs.journal import Journal
from app.jobs.kind import JobKind, Task
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId, Spec
from app.media.products import LANE
from app.media.transcode.programs import Programs, programs_for
from app.media.transcode.recipe import TranscodeRecipe, misfits, transcode_recipe
from app.media.transcode.spec import TranscodePlan, TranscodeSheet, TranscodeSpec
from app.places.volumes import volume_of
from app.settings import Settings
from app.units import MATERIAL, count_text


class Transcodes:
    """The transcodes of one profile."""

    def __init__(
        self,
        directory: Path,
        settings: Settings,
        journal: Journal,
        declared: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        """*directory* is the profile's; *declared* tells devices that a person has named."""
        self._directory = directory
        self._settings, self._journal, self._declared = settings, journal, declared

    def recipe(self, name: str) -> TranscodeRecipe:
        """The recipe of this name, or an older name of it; NotFound, BadInput."""
        return transcode_recipe(name, self._directory / "recipes")

    def plan(self, spec: TranscodeSpec) -> TranscodePlan:
        """What a job would make; nothing is written."""
        from app.media.transcode.job import plan_transcodes  # what works is loaded when it works

        _check(spec)
        idle = JobSnapshot(id=JobId(""), kind=spec.kind, title="", state=JobState.RUNNING)
        return plan_transcodes(spec, self._programs(spec.recipe), JobControl(idle))

    def sheets(self, job: JobId) -> tuple[TranscodeSheet, ...]:
        """What became of each clip of a job; BadInput for jobs of another kind."""
        from app.media.transcode.job import sheets_of

        if self._journal.job(job).kind != TranscodeSpec.kind:
            raise BadInput(f"Job {job} makes no transcodes.")
        return sheets_of(self._journal, job)

    def in_the_making(self, job: JobId) -> tuple[Path, ...]:
        """The folder and file that hold what is encoded so far."""
        from app.media.transcode.job import work_of

        return tuple(path for path in work_of(self._journal, job) if path.exists())

    def kind(self) -> JobKind:
        """How such jobs are prepared and run."""
        return JobKind(prepare=self._task, run=self._run, clear_up=self._clear_up)

    def _programs(self, recipe: TranscodeRecipe) -> Programs:
        return programs_for(recipe, str(self._settings.get("media.ffmpeg")))

    def _task(self, spec: Spec) -> Task:
        assert isinstance(spec, TranscodeSpec)
        if spec.after is None:  # else they need not be there yet
            _check(spec)
        self._programs(spec.recipe)
        first = spec.files[0].name
        title = first if len(spec.files) == 1 else count_text(len(spec.files), "clip")
        device = volume_of(spec.to, dict(self._declared())).device.id
        return Task(
            title=f"Transcode of {title} ({spec.recipe.name})",
            lanes=frozenset({LANE, device}),
            facts={},
            shown={"unit": MATERIAL, "goes_to": str(spec.to)},
        )

    def _run(self, job: JobId, spec: Spec, control: JobControl) -> bool:
        from app.media.transcode.job import TranscodeRun

        assert isinstance(spec, TranscodeSpec)
        return TranscodeRun(job, spec, control, self._journal, self._programs(spec.recipe)).run()

    def _clear_up(self, job: JobId, _spec: Spec) -> tuple[str, ...]:
        from app.media.transcode.job import clear_up

        return clear_up(self._journal, job)


def _check(spec: TranscodeSpec) -> None:
    """NotFound, BadInput, for what can be said before anything is begun."""
    if not spec.files:
        raise BadInput("Transcodes are made of at least one clip.")
    for wrong in misfits(spec.recipe):  # of another container than the recipe's own
        raise BadInput(f"The recipe {spec.recipe.name}: {wrong}")
    for path in spec.files:
        if not path.exists():
            raise NotFound(f"There is no file {path}.", path=path)
    if spec.to.exists() and not spec.to.is_dir():
        raise BadInput(f"{spec.to} is no folder.", path=spec.to)
