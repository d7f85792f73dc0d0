"""What a person has chosen for the next offload, and the presets that remember it by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from app.integrity.hashing import HashKind
from app.jobs.spec import CONVERTER
from app.offload.spec import (
    DEFAULT_IGNORE,
    DestinationSpec,
    OffloadSpec,
    OnCollision,
    VerifyMode,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """How the next offload is to be done, whatever the cards and destinations are."""

    preset: str = ""
    hashes: tuple[HashKind, ...] = (HashKind.XXH64,)
    verify: VerifyMode = VerifyMode.FULL
    template: str = "{roll}"
    wanted_copies: int = 2
    on_collision: OnCollision = OnCollision.SKIP_IDENTICAL
    ignore: tuple[str, ...] = DEFAULT_IGNORE
    legacy_mhl: bool = False
    proxies: tuple[str, ...] = ()
    """Recipes of proxies that are made into the cache once the copies are proven."""
    check_known: bool = False
    project: str = ""
    text: str = ""
    rollover_hour: int = 6
    buffer_size: int = 8 << 20

    def spec(self, card: Path, destinations: Sequence[DestinationSpec]) -> OffloadSpec:
        """The offload of one card."""
        return OffloadSpec(
            source=card,
            destinations=tuple(destinations),
            hashes=self.hashes,
            verify=self.verify,
            template=self.template,
            wanted_copies=self.wanted_copies,
            on_collision=self.on_collision,
            ignore=self.ignore,
            legacy_mhl=self.legacy_mhl,
            proxies=self.proxies,
            check_known=self.check_known,
            preset=self.preset,
            project=self.project,
            text=self.text,
            rollover_hour=self.rollover_hour,
            buffer_size=self.buffer_size,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """Destinations, template, hashes and verification under a name."""

    name: str
    choices: Choices = field(default_factory=Choices)
    destinations: tuple[DestinationSpec, ...] = ()

    def over(self, mine: Choices) -> Choices:
        """The preset's choices; project and free text stay *mine* where it has none."""
        own = self.choices
        return replace(
            own,
            preset=self.name,
            project=own.project or mine.project,
            text=own.text or mine.text,
        )

    def to_data(self) -> dict[str, Any]:
        """The preset as plain data for the settings."""
        data: dict[str, Any] = _without_none(CONVERTER.unstructure(self))
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Preset | None:
        """The preset behind *data*; None when it can't be read, so that one bad one stays alone."""
        try:
            preset = CONVERTER.structure(data, cls)
        except Exception:  # cattrs raises groups of anything; a preset is never worth a crash
            return None
        return replace(preset, choices=replace(preset.choices, preset=preset.name))


def presets_from(data: object) -> tuple[Preset, ...]:
    """The presets in the settings, those that can't be read left out."""
    if not isinstance(data, Iterable) or isinstance(data, str):
        return ()
    read = (Preset.from_data(item) for item in data if isinstance(item, Mapping))
    return tuple(preset for preset in read if preset is not None and preset.name)


def with_preset(presets: Sequence[Preset], preset: Preset) -> tuple[Preset, ...]:
    """*presets* with *preset* added, or in the place of the one of its name."""
    if any(old.name == preset.name for old in presets):
        return tuple(preset if old.name == preset.name else old for old in presets)
    return (*presets, preset)


def _without_none(value: Any) -> Any:
    """TOML has no null: what is None is left out, and reads back as the default."""
    if isinstance(value, Mapping):
        return {str(k): _without_none(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [_without_none(item) for item in value]
    return str(value) if isinstance(value, Path) else value
