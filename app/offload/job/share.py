"""What one destination gets of the card: which files, under which names."""

from __future__ import annotations

import stat
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.errors import DestinationSilent
from app.offload.card.selection import Selection
from app.offload.copying.place import Place
from app.offload.copying.work import CopyFact, CopyState
from app.offload.evidence.rows import EntryRow
from app.offload.planning.placing import placer
from app.offload.spec import OnCollision
from app.places.limits import NameRules

if TYPE_CHECKING:
    from app.offload.job.roster import Roster


class Share:
    """What one destination gets of the card, and under which names."""

    def __init__(self, roster: Roster, place: Place, *, naming: bool = False) -> None:
        self.roster, self.place = roster, place
        destination = roster.spec.destinations[place.index]
        card = roster.card()
        self._selection = Selection(destination.only, card)
        self.put: Callable[[str, str], str] = placer(roster.spec, destination, card)
        self._rules: NameRules | None = None
        self._seen: dict[str, str] = {}
        self._folders = {"": ""}
        """Folders that the destination can hold, with the name under which others are the same."""
        self._absent: set[str] = set()
        """Folders that are not on the destination; on a fresh one, that is all of them."""
        if naming:
            self._rules = roster.rules(place)

        self.takes_all = self._selection.takes_all
        self.takes_path = self._selection.takes_path

    def takes(self, row: EntryRow) -> bool:
        """Whether the destination is to get the file."""
        return self._selection.takes(row.entry)

    def hold(self, fact: CopyFact) -> None:
        """A copy that is there has its name: no other file of the card gets it."""
        if fact.state is not CopyState.FAILED:
            self.refusal(fact.path)

    def path_for(self, row: EntryRow) -> tuple[str | None, bool]:
        """Where the file goes, and whether one of its size lies there already.

        None when the destination cannot hold it; that is then written down.
        """
        path = self.roster.numbered(row.n, self.place.index, self.put(row.entry.path, row.clip))
        if reason := self.refusal(path):
            self.roster.fail(
                row, self.place, path, f"{self.place.name} cannot hold {path}: {reason}"
            )
            return None, False
        parent = path.rpartition("/")[0]
        if parent in self._absent:
            return path, False
        try:
            return self._looked(row, path, parent)
        except (OSError, DestinationSilent):
            return path, False  # the writer will meet the same error and name it

    def _looked(self, row: EntryRow, path: str, parent: str) -> tuple[str | None, bool]:
        """The same, after a look at what lies on the destination."""
        target = self.place.target
        assert target is not None
        found = target.stat(path)
        if found is None and parent and target.stat(parent) is None:
            self._absent.add(parent)
        while found is not None:
            if stat.S_ISREG(found.st_mode) and found.st_size == row.entry.size:
                return path, True
            if self.roster.spec.on_collision is not OnCollision.KEEP_BOTH:
                words = f"A different file named {path} lies on {self.place.name}; not touched."
                self.roster.fail(row, self.place, path, words)
                return None, False
            self.roster.renumber(row.n, self.place.index)
            path = self.roster.numbered(row.n, self.place.index, self.put(row.entry.path, row.clip))
            found = target.stat(path)
        return path, False

    def refusal(self, path: str) -> str:
        """Why the destination cannot hold *path*, "" when it can; a name that was taken first wins.

        Folders count too: files of two folders that are one there would end up in one.
        """
        if self._rules is None:
            return ""
        parent, _, name = path.rpartition("/")
        if parent not in self._folders:
            if refused := self.refusal(parent):
                return refused
            self._folders[parent] = "/".join(map(self._rules.fold, parent.split("/")))
        if reason := self._rules.refuses(name):
            return reason
        if not self._rules.merges_names:
            return ""
        folded = f"{self._folders[parent]}/{self._rules.fold(name)}"
        taken = self._seen.setdefault(folded, path)
        return "" if taken == path else f"its name is the same there as {taken}"
