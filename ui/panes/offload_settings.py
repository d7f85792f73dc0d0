"""What the offload pane remembers from one day to the next, kept in the engine's settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from app.integrity.hashing import HashKind
from app.jobs.spec import CONVERTER
from app.offload.spec import DestinationSpec, OnCollision, VerifyMode
from ui.bridge import Bridge
from ui.models.choices import Choices, Preset, presets_from

if TYPE_CHECKING:
    from app.engine import Engine

PRESETS = "offload.presets"
LAST = "offload.last_destinations"
LAST_PRESET = "offload.last_preset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What the settings hold for this pane."""

    choices: Choices = field(default_factory=Choices)
    presets: tuple[Preset, ...] = ()
    last: tuple[DestinationSpec, ...] = ()
    """The destinations of the last start."""
    recipes: tuple[str, ...] = ()
    """Every recipe of proxies that can be named."""


class OffloadSettings:
    """Reads and writes in a worker, because settings are files."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def read(self, done: Callable[[Remembered], object]) -> None:
        """Read everything and hand it to *done*."""
        engine = self._bridge.engine
        self._bridge.ask(lambda: _read(engine), done)

    def write_ignore(self, patterns: Sequence[str]) -> None:
        """Keep the ignore list: whoever edits it means every card to come."""
        self._write({"offload.ignore": list(patterns)})

    def write_presets(self, presets: Sequence[Preset]) -> None:
        """Keep the presets."""
        self._write({PRESETS: [preset.to_data() for preset in presets]})

    def write_last(self, specs: Sequence[DestinationSpec], preset: str) -> None:
        """Keep the destinations and the preset's name, to offer them again."""
        self._write({LAST: [str(spec.path) for spec in specs], LAST_PRESET: preset})

    def _write(self, values: Mapping[str, Any]) -> None:
        engine = self._bridge.engine

        def write() -> None:
            for key, value in values.items():
                if engine.settings.get(key) != value:
                    engine.settings.set(key, value)

        self._bridge.ask(write)


def _read(engine: Engine) -> Remembered:
    settings = engine.settings
    choices = Choices()
    readers: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "hashes": ("offload.hash", lambda v: tuple(HashKind(kind) for kind in v)),
        "verify": ("offload.verify", VerifyMode),
        "template": ("offload.template", str),
        "wanted_copies": ("offload.wanted_copies", int),
        "on_collision": ("offload.on_collision", OnCollision),
        "legacy_mhl": ("offload.legacy_mhl", bool),
        "proxies": ("offload.proxies", lambda v: tuple(map(str, v))),
        "project": ("project.name", str),
        "rollover_hour": ("offload.rollover_hour", int),
        "buffer_size": ("offload.buffer_size", int),
        "ignore": ("offload.ignore", lambda v: tuple(map(str, v))),
    }
    for name, (key, reader) in readers.items():
        value = settings.get(key)
        if value not in (None, (), []):
            choices = replace(choices, **{name: reader(value)})
    last = CONVERTER.structure(
        [{"path": path} for path in settings.get(LAST) or ()], tuple[DestinationSpec, ...]
    )
    presets = presets_from(settings.get(PRESETS))
    used = next((one for one in presets if one.name == settings.get(LAST_PRESET)), None)
    return Remembered(
        choices=used.over(choices) if used else choices,
        presets=presets,
        last=last,
        recipes=engine.proxies.recipe_names(),
    )
