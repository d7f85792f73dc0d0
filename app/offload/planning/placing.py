"""Where the files of a card lie on a destination, by its template."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from app.offload.card.look import Look
from app.offload.card.selection import Selection
from app.offload.naming import NamingFacts, folders, split_template
from app.offload.spec import (
    DestinationSpec,
    OffloadSpec,
)
from app.places.cards import Card
from app.places.tree import Entry, EntryKind
from app.units import now


def naming_facts(spec: OffloadSpec, card: Card) -> NamingFacts:
    """What the tokens of this offload's templates stand for."""
    return NamingFacts(
        moment=spec.moment or now(),
        rollover_hour=spec.rollover_hour,
        project=spec.project,
        camera=card.camera,
        roll=card.roll,
        label=card.label,
        counter=spec.counter,
        text=spec.text,
    )


def placer(
    spec: OffloadSpec, destination: DestinationSpec, card: Card
) -> Callable[[str, str], str]:
    """A function from (path on the card, clip) to the path below the destination's root."""
    shared, by_clip = split_template(destination.template or spec.template)
    del shared
    if not by_clip:
        return lambda path, _clip: path
    facts = naming_facts(spec, card)

    def place(path: str, clip: str) -> str:
        folder = folders(by_clip, facts, clip)
        return f"{folder}/{path}" if folder else path

    return place


@dataclass(frozen=True, slots=True)
class Placed:
    """What one destination gets, with its place there.

    Gone through anew for each question: of a large card this is never in memory.
    """

    look: Look
    selection: Selection
    place: Callable[[str, str], str]
    clip_of: Mapping[str, str]

    def __iter__(self) -> Iterator[tuple[Entry, str]]:
        place, clip_of = self.place, self.clip_of
        for entry in self.look.wanted():
            if entry.kind is EntryKind.FOLDER or self.selection.takes(entry):
                yield entry, place(entry.path, clip_of.get(entry.path, ""))
