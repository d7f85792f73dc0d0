"""What an offload asks of the machine around it: volumes, and where a card has come back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from app.offload.card.listing import bare, listing
from app.offload.card.look import RootFacts, just_seen, root_facts
from app.places import cards
from app.places.cards import Card, CardIdentity, identity_of, recognise, same_card
from app.places.tree import Entry, each_entry
from app.places.volumes import Volume, volume_of, volumes


class FoundCard(NamedTuple):
    """A card that was looked for, and what the look has shown."""

    root: Path
    card: Card
    entries: Sequence[Entry]


@dataclass(slots=True)
class Surroundings:
    """The machine, with what a person has declared about its drives."""

    declared: Mapping[str, str] = field(default_factory=dict)
    tool_version: str = ""
    operator: str = ""
    report_folder: Path | None = None
    """Where reports go unless the spec names a folder."""
    thumbnails: bool = True
    """Whether a report shows a small picture of each clip."""
    _looked: dict[Path, RootFacts] = field(default_factory=dict)

    def volumes(self) -> tuple[Volume, ...]:
        """Every mounted place."""
        return volumes(self.declared)

    def volume_of(self, path: Path) -> Volume:
        """The volume behind a path."""
        return volume_of(path, self.declared)

    def find_card(
        self,
        last: Path,
        identity: CardIdentity,
        uuid: str,
        alike: Callable[[Sequence[Entry]], bool] = lambda _: False,
        listed: Callable[[Sequence[Entry]], bool] = lambda _: True,
        answered: Callable[[], None] = lambda: None,
    ) -> FoundCard | str:
        """The card, where it is now; or, in words, why what is in its place is not it.

        *uuid* is that of the card's file system, "" for one that has none: elsewhere only such a
        volume is looked into, for a drive may hold a folder that looks like the card.
        *alike* judges a card in the old place that is not the same in every file; *listed* one
        in another place that is the same by names and sizes: its times have to be the same too.
        *answered* is called whenever a card has given an entry.
        """
        refusal = ""
        for place in self._candidates(last, uuid):
            facts = _facts(place)
            if facts is None or self._looked.get(place) == facts:
                continue
            seen = just_seen.take(place, facts) if place == last else None
            there = FoundCard(place, *seen) if seen else _look_at(place, answered)
            found = identity_of(there.card, there.entries) if there else None
            same = found is not None and same_card(identity, found)
            if there and (
                (same and (place == last or listed(there.entries)))
                or (place == last and alike(there.entries))
            ):
                self._looked.clear()
                return there
            if found is not None and found.files and place == last:
                refusal = cards.difference(identity, found)
            else:
                self._looked[place] = facts
        return refusal

    def _candidates(self, last: Path, uuid: str) -> list[Path]:
        """The card's old place first, then the roots of the volumes that it may be on."""
        near = (volume for volume in self.volumes() if not volume.remote)
        mounts = [volume.mount_point for volume in near if volume.uuid == uuid]
        usual = {Path("/"), Path("/boot"), Path.home()}
        return [last, *(mount for mount in mounts if mount != last and mount not in usual)]


def _look_at(place: Path, answered: Callable[[], None]) -> FoundCard | None:
    """What lies at *place*; None when nothing answers there."""
    try:
        entries = listing(_heard(each_entry(place), answered))
        label = volume_of(place).label if os.path.ismount(place) else None
        return FoundCard(place, recognise(place, bare(entries), label=label), entries)
    except OSError:
        return None


def _heard(entries: Iterable[Entry], answered: Callable[[], None]) -> Iterator[Entry]:
    """*entries*; whenever the card has given one, it has *answered*."""
    for entry in entries:
        yield entry
        answered()


def _facts(place: Path) -> RootFacts | None:
    try:
        return root_facts(os.stat(place))
    except OSError:
        return None
