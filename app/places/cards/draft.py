"""What a structure reads off a card, before it becomes the card's facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from app.places.cards.card import Clip, Finding, FindingKind
from app.places.cards.listing import Folder, Found
from app.places.cards.moments import span_of
from app.places.cards.sidecars import Sidecars


@dataclass(slots=True)
class ClipDraft:
    """A clip while its files are being gathered."""

    name: str
    short: str = ""
    """What people call it in a sentence; the name when empty."""
    parts: list[Found] = field(default_factory=list)
    """Its media, in order."""
    sidecars: list[Found] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    first: datetime | None = None
    """When recording began, where a sidecar or the name tells it."""
    last: datetime | None = None

    @property
    def called(self) -> str:
        """Its name in a sentence."""
        return self.short or self.name

    def lacks(self, kind: FindingKind, what: str, text: str) -> None:
        """Note that *what* is not there, with a sentence for people."""
        self.missing.append(what)
        self.findings.append(Finding(kind=kind, text=text, clip=self.name))

    def clip(self) -> Clip:
        """The finished clip."""
        files = (*self.parts, *self.sidecars)
        first, last = span_of(self.parts or self.sidecars, self.first, self.last)
        return Clip(
            name=self.name,
            files=tuple(found.entry.path for found in files),
            size=sum(found.entry.size for found in files),
            missing=tuple(self.missing),
            first_recorded=first,
            last_recorded=last,
        )


@dataclass(slots=True)
class CardDraft:
    """What one structure tells of a card."""

    key: str
    camera: str
    roll: str = ""
    """Empty where the structure tells none."""
    clips: list[ClipDraft] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    """Of the card as a whole, its clips' own apart."""


class Structure(Protocol):
    """A way in which cameras lay out their cards."""

    key: str
    nested: bool
    """Clear enough to be believed in a sub-folder too."""

    def recognise(self, base: Folder, sidecars: Sidecars) -> CardDraft | None:
        """What the card whose top is *base* holds, None when it is laid out otherwise."""
        ...


def joined(rolls: Iterable[str]) -> str:
    """The one roll name, or all of them: `A001, A002`."""
    return ", ".join(dict.fromkeys(roll for roll in rolls if roll))
