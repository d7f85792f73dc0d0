"""The one door to proxies: plan and run jobs, ask what there is, keep the cache in its limit."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path

from app.errors import BadInput, NotFound, WriteFailed
from app.jobs.control import JobControl
from app.jobs.journal import Journal
from app.jobs.kind import JobKind, Task
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId, Spec
from app.media.ffmpeg.program import usable_program
from app.media.products import LANE
from app.media.proxy.recipes import ProxyRecipe, ProxySize, recipe_named, recipe_names
from app.media.proxy.record import ClipRecord
from app.media.proxy.room import Tidied, tidy
from app.media.proxy.shelf import ProxyShelf
from app.media.proxy.spec import ClipResult, KeptProxy, ProxyPlan, ProxySpec
from app.places.volumes import volume_of
from app.settings import Settings
from app.units import FRAMES, count_text

log = logging.getLogger(__name__)


class Proxies:
    """The proxies of one profile."""

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
        self._shelf: ProxyShelf | None = None

    @property
    def shelf(self) -> ProxyShelf:
        """The cache, where the settings want it now."""
        folder = self._settings.path("proxies.directory") or self._directory / "proxies"
        if self._shelf is None or self._shelf.folder != folder:
            self._shelf = ProxyShelf(folder)
        return self._shelf

    @property
    def recipes(self) -> Path:
        """The folder of the person's own recipes."""
        return self._directory / "recipes"

    def recipe(self, name: str) -> ProxyRecipe:
        """The recipe of this name; NotFound, BadInput."""
        return recipe_named(name, self.recipes)

    def recipe_names(self) -> tuple[str, ...]:
        """Every recipe that can be named, ours first."""
        return recipe_names(self.recipes)

    def plan(self, spec: ProxySpec) -> ProxyPlan:
        """What a job would make; nothing is written."""
        from app.media.proxy.job import plan_proxies  # what works is loaded when it works

        _check(spec)
        idle = JobSnapshot(id=JobId(""), kind=spec.kind, title="", state=JobState.RUNNING)
        return plan_proxies(spec, self.shelf, JobControl(idle))

    def results(self, job: JobId) -> tuple[ClipResult, ...]:
        """What became of each clip of a job; BadInput for jobs of another kind."""
        from app.media.proxy.job import results_of

        if self._journal.job(job).kind != ProxySpec.kind:
            raise BadInput(f"Job {job} makes no proxies.")
        return results_of(self._journal, job)

    def versions(self, clip: Path) -> tuple[KeptProxy, ...]:
        """The proxies of a clip that are there, also while the clip itself is offline."""
        return self.shelf.versions(clip)

    def offline(self, folder: Path) -> tuple[ClipRecord, ...]:
        """Clips below *folder* that are offline and can be played from their proxies."""
        return self.shelf.offline_below(folder)

    def small(self, clip: Path) -> KeptProxy | None:
        """What pictures of a clip that is offline are taken from: its smallest proxy.

        That is its thumbnail, where it has one.
        """
        return min(self.versions(clip), key=lambda one: one.width * one.height, default=None)

    def poster(self, clip: Path, frame: int | None = None) -> bytes:
        """A JPEG of one frame, the middle one by default, from the clip's thumbnail.

        NotFound where it has none yet, MediaFault.
        """
        from app.media.proxy.thumbnail import poster  # decoders take a while to load

        return poster(self._thumbnail(clip), frame)

    def strip(self, clip: Path, tiles: int | None = None) -> bytes:
        """A JPEG of so many frames side by side, from the clip's thumbnail. As `poster`."""
        from app.media.proxy.thumbnail import TILES, strip

        return strip(self._thumbnail(clip), TILES if tiles is None else tiles)

    def _thumbnail(self, clip: Path) -> Path:
        for version in self.versions(clip):
            if version.size is ProxySize.THUMBNAIL:
                self.shelf.used(clip)
                return version.path
        raise NotFound(f"{clip} has no thumbnail yet.", path=clip)

    def tidy(self, *, dry_run: bool = False) -> Tidied:
        """Remove what is of no use from the cache, then the least recently used proxies.

        That goes on down to the limit. Raises WriteFailed.
        """
        limit = int(self._settings.get("proxies.limit"))
        return tidy(self.shelf.folder, limit, self._is_at_work, dry_run=dry_run)

    def _is_at_work(self, job: str) -> bool | None:
        try:
            state = self._journal.job(JobId(job)).state
        except NotFound:
            return None
        return state in {JobState.QUEUED, JobState.RUNNING, JobState.PAUSED}

    def used(self, clip: Path) -> None:
        """Somebody plays one of the proxies of *clip*, so the cache keeps them longer."""
        self.shelf.used(clip)

    def kind(self) -> JobKind:
        """How such jobs are prepared and run."""
        return JobKind(prepare=self._task, run=self._run, clear_up=self._clear_up)

    def _task(self, spec: Spec) -> Task:
        assert isinstance(spec, ProxySpec)
        if spec.after is None:  # else they need not be there yet
            _check(spec)
        usable_program(str(self._settings.get("media.ffmpeg")))
        first = spec.files[0].name
        title = first if len(spec.files) == 1 else count_text(len(spec.files), "clip")
        lanes = {LANE}
        if spec.to is not None:  # nobody may unplug a drive that is written to
            lanes.add(volume_of(spec.to, dict(self._declared())).device.id)
        return Task(
            title=f"Proxies of {title} ({', '.join(one.name for one in _recipes(spec))})",
            lanes=frozenset(lanes),
            facts={},
            shown={"unit": FRAMES, "goes_to": self._places(spec)},
        )

    def _places(self, spec: ProxySpec) -> str:
        cache = [str(self.shelf.folder)] if spec.to is None or spec.beside else []
        return " and ".join([*([str(spec.to)] if spec.to is not None else []), *cache])

    def _run(self, job: JobId, spec: Spec, control: JobControl) -> bool:
        from app.media.proxy.job import ProxyRun

        assert isinstance(spec, ProxySpec)
        program = usable_program(str(self._settings.get("media.ffmpeg")))
        hardware = self._settings.get("media.hardware") == "auto"
        run = ProxyRun(job, spec, control, self._journal, self.shelf, program, hardware=hardware)
        well = run.run()
        if spec.to is None or spec.beside:
            try:
                self.tidy()
            except WriteFailed as error:
                log.warning("The cache of proxies could not be tidied: %s", error)
        return well

    def _clear_up(self, job: JobId, _spec: Spec) -> tuple[str, ...]:
        from app.media.proxy.job import clear_up

        return clear_up(self._journal, job)


def _recipes(spec: ProxySpec) -> Iterator[ProxyRecipe]:
    return chain(spec.recipes, spec.beside)


def _check(spec: ProxySpec) -> None:
    """NotFound, BadInput, for what can be said before anything is begun."""
    if not spec.files:
        raise BadInput("Proxies are made of at least one clip.")
    if not spec.recipes:
        raise BadInput("At least one size or recipe is needed.")
    for path in spec.files:
        if not path.exists():
            raise NotFound(f"There is no file {path}.", path=path)
    for recipe in _recipes(spec):
        if recipe.lut is not None:
            _check_lut(recipe.lut)


def _check_lut(path: Path) -> None:
    try:
        head = path.read_bytes()[: 1 << 16]
    except OSError as error:
        raise NotFound(f"The LUT {path} cannot be read: {error.strerror}.", path=path) from error
    if b"LUT_3D_SIZE" not in head and b"LUT_1D_SIZE" not in head:
        raise BadInput(f"{path} is no .cube LUT.", path=path)
