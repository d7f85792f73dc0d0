"""What the library has made of the chosen clips: proxies, transcodes, contact sheets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.jobs.spec import Spec
from app.media.montage.spec import MOST_TILES, MontageSpec, SheetForm
from app.media.proxy.spec import ProxySpec
from app.media.transcode.recipe import transcode_recipe_names
from app.media.transcode.spec import TranscodeSpec
from app.units import count_text
from ui.bridge import Bridge
from ui.models.clips import ClipRow
from ui.widgets.make_dialog import Answered, Choice, MakeDialog, Wanted
from ui.words import printable

_FORMS = (("JPEG", SheetForm.JPEG), ("PNG", SheetForm.PNG), ("PDF", SheetForm.PDF))
_SAID = {"compact": "looks the same, smaller", "keepsake": "tiny, for looking only"}
_SIZES = {
    "thumbnail": "small, for lists and strips",
    "preview": "for any browser",
    "editorial": "for an editing program",
}


class LibraryMaking(QObject):
    """Asks what is wanted, and queues it."""

    said = Signal(str)

    def __init__(
        self, bridge: Bridge, chosen: Callable[[], Sequence[ClipRow]], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._bridge, self._chosen, self._window = bridge, chosen, parent
        self._before: dict[str, Answered] = {}
        """What was chosen in each dialog the last time."""

    def make_proxies(self, recipe: str) -> None:
        """Queue proxies of the chosen clips, in the cache."""
        rows = self._chosen()
        if rows := self._to_be_seen(rows):
            self._queue_proxies(rows, Answered(values=(recipe,), folder=None, places=()))

    def ask_proxies(self) -> None:
        """Ask which proxies of the chosen clips are wanted, and where."""
        names = self._bridge.engine.proxies.recipe_names()
        self._ask(
            "Make proxies",
            (Choice(name="Recipe", values=_worded(names, _SIZES)),),
            self._queue_proxies,
            elsewhere="The cache of this profile",
            first_track_only=True,
        )

    def ask_transcode(self) -> None:
        """Ask by which recipe the chosen clips are to be transcoded, and where to."""
        names = transcode_recipe_names(self._bridge.engine.proxies.recipes)
        self._ask(
            "Transcode",
            (Choice(name="Recipe", values=_worded(names, _SAID)),),
            self._queue_transcodes,
            seen=False,
        )

    def ask_sheets(self) -> None:
        """Ask for the kind of contact sheets of the chosen clips, and where they go."""
        grids: list[tuple[str, object]] = [("By the clip's length", None)]
        grids += [(f"{n} × {n}", n) for n in range(1, MOST_TILES + 1)]
        choices = (Choice(name="Tiles", values=grids), Choice(name="Format", values=_FORMS))
        self._ask("Make contact sheets", choices, self._queue_sheets)

    def _ask(
        self,
        title: str,
        choices: Sequence[Choice],
        queue: Callable[[Sequence[ClipRow], Answered], None],
        *,
        elsewhere: str = "",
        first_track_only: bool = False,
        seen: bool = True,
    ) -> None:
        rows = self._to_be_seen(self._chosen()) if seen else self._chosen()
        if not rows:
            return
        wanted = Wanted(
            title=f"{title} · {_of(rows)}",
            choices=choices,
            button="Put into the queue",
            elsewhere=elsewhere,
            note=_first_only(rows) if first_track_only else "",
        )

        def answered(answer: Answered) -> None:
            self._before[title] = answer
            queue(rows, answer)

        MakeDialog(wanted, self._before.get(title), answered, self._window).open()

    def _to_be_seen(self, rows: Sequence[ClipRow]) -> Sequence[ClipRow]:
        """Those of *rows* that are not sound alone; it is said where none is left."""
        seen = [row for row in rows if row.facts is None or row.facts.picture is not None]
        if rows and not seen:
            self.said.emit(f"{_of(rows)} {'has' if len(rows) == 1 else 'have'} no picture.")
        return seen

    # Queueing

    def _queue_proxies(self, rows: Sequence[ClipRow], answer: Answered) -> None:
        proxies, (name,) = self._bridge.engine.proxies, answer.values

        def spec(files: tuple[Path, ...]) -> Spec:
            recipe = proxies.recipe(str(name))
            return ProxySpec(files=files, recipes=(recipe,), to=answer.folder)

        self._queue(rows, spec, "Proxies", _first_only(rows))

    def _queue_transcodes(self, rows: Sequence[ClipRow], answer: Answered) -> None:
        transcodes, (name,) = self._bridge.engine.transcodes, answer.values
        folder = answer.folder
        assert folder is not None

        def spec(files: tuple[Path, ...]) -> Spec:
            recipe = transcodes.recipe(str(name))
            return TranscodeSpec(files=files, recipe=recipe, to=folder)

        self._queue(rows, spec, "Transcodes")

    def _queue_sheets(self, rows: Sequence[ClipRow], answer: Answered) -> None:
        folder, (grid, form) = answer.folder, answer.values
        assert folder is not None
        tiles = grid if isinstance(grid, int) else None
        kind = SheetForm(str(form))
        made = partial(MontageSpec, to=folder, grid=tiles, form=kind)
        self._queue(rows, lambda files: made(files=files), "Contact sheets")

    def _queue(
        self,
        rows: Sequence[ClipRow],
        spec: Callable[[tuple[Path, ...]], Spec],
        what: str,
        note: str = "",
    ) -> None:
        engine, files = self._bridge.engine, tuple(row.path for row in rows)
        words = " ".join(filter(None, (f"{what} of {_of(rows)} are in the queue.", note)))
        self._bridge.ask(lambda: engine.submit(spec(files)), lambda _: self.said.emit(words))


def _worded(names: Sequence[str], known: dict[str, str]) -> list[tuple[str, object]]:
    """Recipes as they stand in a list: the name, and what ours are for."""
    return [
        (printable(f"{name}: {known[name]}" if name in known else name), name) for name in names
    ]


def _of(rows: Sequence[ClipRow]) -> str:
    return printable(rows[0].name) if len(rows) == 1 else count_text(len(rows), "clip")


def _first_only(rows: Sequence[ClipRow]) -> str:
    """What is left out of clips with several picture tracks; "" where there are none."""
    several = [row for row in rows if row.facts is not None and len(row.facts.video) > 1]
    if not several:
        return ""
    return f"Only the first picture track of {_of(several)} is made into proxies."
