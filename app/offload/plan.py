"""The plan of an offload: everything that can be known, and refused, before a byte is written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from app.jobs.spec import JobId
from app.offload.spec import OffloadSpec
from app.places.cards import Card, CardIdentity
from app.places.volumes import Volume


class Weight(StrEnum):
    """How serious a remark of the plan is."""

    REFUSAL = "refusal"
    """Nothing starts while it stands."""
    ATTENTION = "attention"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing that the plan has to say, in one sentence."""

    weight: Weight
    text: str
    destination: int | None = None
    """Index of the destination concerned."""
    brief: str = ""
    """The same in a few words, where the destination stands beside it anyway."""
    paths: tuple[str, ...] = ()
    """The files concerned, at most some dozens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDestination:
    """One destination as the plan sees it."""

    path: Path
    """The folder that was chosen."""
    root: Path
    """Where the card's tree will begin: the chosen folder and the template's folders."""
    volume: Volume
    files: int
    size: int
    """Bytes of the card that it is to hold in the end."""
    already: int
    """Bytes already there, verified by the journal or history, that need no copying."""
    free_after: int
    """Bytes free once the plan is carried out, and what is promised; negative when it does not fit.
    """
    promised: int = 0
    """Bytes of what is free that jobs which run or wait will still take on this volume."""
    promised_to: tuple[JobId, ...] = ()
    """Those jobs."""
    stage: int = 0
    flush: bool = True
    provable: bool = True
    """Whether reads there can be shown to come from the medium; otherwise its copy never counts."""
    name: str = ""
    """For people: the volume's label, or the folder's name where the label tells too little."""

    @property
    def needed(self) -> int:
        """Bytes of room that this plan takes here; less than none where it frees some."""
        return self.volume.free - self.promised - self.free_after


@dataclass(frozen=True, slots=True, kw_only=True)
class OffloadPlan:
    """What will be copied where, how long it may take, and what stands against it."""

    spec: OffloadSpec
    card: Card
    files: int
    clips: int
    size: int
    destinations: tuple[PlannedDestination, ...]
    ignored: tuple[str, ...]
    """Every path that the ignore list leaves out."""
    remarks: tuple[Remark, ...]
    identity: CardIdentity
    """What the card is known by when it comes back."""
    seconds: float | None
    """Estimated time until the card is free, from earlier rates; None when nothing is known."""
    already_safe: bool = False
    """Every destination has every file already, verified, and they are devices enough."""
    resumes: JobId | None = None
    """The interrupted job that a start goes on with, instead of beginning another."""

    @property
    def refusals(self) -> tuple[Remark, ...]:
        """What stands against it."""
        return tuple(r for r in self.remarks if r.weight is Weight.REFUSAL)
