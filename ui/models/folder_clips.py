"""Where the library's rows come from while there is no catalog: a folder, looked through."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.errors import ReelkeepError
from app.jobs.snapshot import JobState
from app.media.facts.folder import ClipFolder, FoundClip
from app.media.frames.look import Look, Looker
from app.media.proxy.spec import KeptProxy
from app.units import count_text
from ui.bridge import Bridge
from ui.models.clips import ClipRow, ClipsModel
from ui.models.offline_clips import OFFLINE, Listing, listing_of, with_offline
from ui.words import printable

STRIP = 12
"""Pictures along the timeline of a clip."""


class FolderClips(QObject):
    """Lists a folder, then looks at one clip after the other, those in sight first."""

    opened = Signal()
    """Other rows stand in the model, or none."""
    relisted = Signal()
    """The same folder was listed anew, without anybody having asked for it."""
    failed = Signal(str)
    """Why a folder can't be shown."""
    looked = Signal(str)
    """Key of a clip that was looked at."""
    strip_ready = Signal(str, object)
    """Key of a clip, and tuple[bytes, ...] of its strip."""

    def __init__(self, bridge: Bridge, looks: Path | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.model = ClipsModel(self)
        self.root: Path | None = None
        """The folder that is shown."""
        self.opening: Path | None = None
        """The one that is being looked through."""
        self.remark = ""
        """What could not be looked into, in one sentence."""
        self._bridge = bridge
        self._looker = Looker(looks)
        self._ticket = 0
        self._busy = False
        self._closed = False
        self._strip = ""
        self._sight: tuple[str, ...] = ()
        self._left: dict[str, None] = {}
        bridge.snapshots_changed.connect(lambda _: self._look_on())

    def open(self, path: Path) -> None:
        """Show the clips below *path*, a folder or a clip, in place of the present ones."""
        self._bridge.forget(self._ticket)
        self.opening = path
        self._ticket = self._bridge.ask(self._lister(path), self._listed, self._not_listed)

    def list_again(self) -> None:
        """List the folder anew, while people go on with what they do."""
        if (root := self.root) is not None and self.opening is None:
            self._bridge.forget(self._ticket)
            self._ticket = self._bridge.ask(self._lister(root), self._listed, _say_nothing)

    def _lister(self, path: Path) -> Callable[[], Listing]:
        proxies, shown = self._bridge.engine.proxies, self.root
        return lambda: listing_of(path, proxies.offline, shown)

    def close(self) -> None:
        """Look at nothing more."""
        self._closed = True
        self._left.clear()
        self._looker.close()

    @property
    def to_look_at(self) -> int:
        """How many clips were not looked at yet."""
        return len(self._left)

    def in_sight(self, keys: Iterable[str]) -> None:
        """These are looked at first, and while a job runs no others: drives have enough to do."""
        self._sight = tuple(keys)
        self._look_on()

    def want_strip(self, key: str) -> None:
        """Make the strip of a clip, before anything else."""
        self._strip = key
        self._look_on()

    def _listed(self, listing: Listing) -> None:
        folder = listing.folder
        asked, self.opening = self.opening is not None, None
        before = self.model.rows if folder.root == self.root else ()
        self.root, self.remark = folder.root, _remark(listing)
        rows = with_offline(list(map(self._as_known, told_apart(folder))), listing, before)
        if asked:
            self.model.show_rows(rows)
            self._sight = ()
        else:
            self.model.renew_rows(rows)
        again = [row for row in rows if not row.looked or row.fault]  # a drive may be mended
        self._left = {row.key: None for row in again}
        (self.opened if asked else self.relisted).emit()
        self._look_on()

    def _as_known(self, row: ClipRow) -> ClipRow:
        """*row*, with what was seen of its clip before if that is still the same."""
        known = self.model.row(row.key)
        if known is None or not known.looked or known.stamp != row.stamp:
            return row
        if known.offline and known.facts is None:
            return row
        fault = "" if known.offline else known.fault
        return replace(row, looked=True, facts=known.facts, poster=known.poster, fault=fault)

    def _not_listed(self, error: Exception) -> None:
        self.opening = None
        if not isinstance(error, ReelkeepError):
            self._bridge.error_raised.emit(error)
            return
        self.failed.emit(str(error))

    def _look_on(self) -> None:
        if self._busy or self._closed:
            return
        if self._strip and (row := self.model.row(self._strip)) is not None:
            self._make_strip(row)
            return
        row = self.model.row(self._next())
        if row is None:
            return
        self._busy = True
        self._bridge.ask(
            lambda: self._look_at(row),
            lambda look: self._seen(row.key, look),
            self._fell,
        )

    def _look_at(self, row: ClipRow) -> Look:
        """What a clip shows; one that is offline has its picture from its smallest proxy."""
        look = self._looker.look(row.path, row.stamp, row.files[len(row.files) // 2])
        small = self._small(row) if not look.poster else None
        if small is None:
            return look
        return replace(look, poster=self._looker.poster(small.path, str(small.changed)))

    def _small(self, row: ClipRow) -> KeptProxy | None:
        proxies = self._bridge.engine.proxies
        return proxies.small(Path(os.path.realpath(row.path))) if row.offline else None

    def _strip_of(self, row: ClipRow) -> tuple[bytes, ...]:
        if (small := self._small(row)) is not None:
            return self._looker.strip([small.path], str(small.changed), STRIP)
        return self._looker.strip(row.files, row.stamp, STRIP)

    def _next(self) -> str:
        """Key of the clip that is to be looked at, "" for none now."""
        seen = next((key for key in self._sight if key in self._left), "")
        if seen or any(job.state is JobState.RUNNING for job in self._bridge.snapshots):
            return seen
        return next(iter(self._left), "")

    def _make_strip(self, row: ClipRow) -> None:
        self._busy, self._strip = True, ""
        self._bridge.ask(
            lambda: self._strip_of(row),
            lambda strip: self._strip_made(row.key, strip),
            self._fell,
        )

    def _seen(self, key: str, look: Look) -> None:
        self._busy = False
        if self._closed:
            return
        self._left.pop(key, None)
        row = self.model.row(key)
        offline = row is not None and row.offline and look.facts is None
        self.model.learn(key, look.facts, look.poster, OFFLINE if offline else look.fault)
        self.looked.emit(key)
        self._look_on()

    def _strip_made(self, key: str, strip: tuple[bytes, ...]) -> None:
        self._busy = False
        self.strip_ready.emit(key, strip)
        self._look_on()

    def _fell(self, error: Exception) -> None:
        """A bug of ours, said once; what is left is not looked at."""
        self._busy = False
        self._left.clear()
        self._bridge.error_raised.emit(error)


def _say_nothing(_: Exception) -> None:
    """Of a look that nobody has asked for; what was listed before stays."""


def _remark(listing: Listing) -> str:
    """What a person should know of the listing."""
    folder = listing.folder
    if listing.gone:
        return f"{printable(str(folder.root))} is not there. Its clips are offline."
    if folder.cut_short:
        root = printable(str(folder.root))
        return f"There is more in {root} than is shown. Open one of its folders."
    count = len(folder.unreadable)
    return f"{count_text(count, 'folder')} could not be read." if count else ""


def told_apart(folder: ClipFolder) -> Iterator[ClipRow]:
    """A row for each clip; those of one name, copies for instance, say in which folder they lie.

    Those of one name in one folder say which file they are.
    """
    alike = Counter(clip.name for clip in folder.clips)
    beside = Counter((clip.name, clip.path.parent) for clip in folder.clips)
    for clip in folder.clips:
        row = row_of(clip)
        if beside[clip.name, clip.path.parent] > 1:
            row = replace(row, name=clip.path.name)
        if alike[clip.name] > 1 and clip.path.parent.is_relative_to(folder.root):
            row = replace(row, where=clip.path.parent.relative_to(folder.root).as_posix())
        yield row


def row_of(clip: FoundClip) -> ClipRow:
    """A clip that was found in a folder, as the table has it."""
    return ClipRow(
        key=clip.key,
        name=clip.name,
        files=clip.parts,
        beside=clip.beside,
        size=clip.size,
        stamp=clip.stamp,
        group=clip.group,
        missing=clip.missing,
    )
