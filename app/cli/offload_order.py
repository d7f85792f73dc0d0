"""What the command line, a preset and the settings together ask of an offload."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from app.errors import BadInput, NotFound
from app.jobs.spec import CONVERTER
from app.offload.spec import DestinationSpec, OffloadSpec
from app.paths import absolute
from app.places.chosen import look_at
from app.places.silence import watcher
from app.places.volumes import volumes
from app.settings import Settings

_FROM_SETTINGS = {
    "hashes": "offload.hash",
    "verify": "offload.verify",
    "template": "offload.template",
    "wanted_copies": "offload.wanted_copies",
    "on_collision": "offload.on_collision",
    "ignore": "offload.ignore",
    "legacy_mhl": "offload.legacy_mhl",
    "proxies": "offload.proxies",
    "buffer_size": "offload.buffer_size",
    "rollover_hour": "offload.rollover_hour",
    "project": "project.name",
}
"""Field of the spec → the setting that gives its default."""
_PROJECT_FACTS = {"Production": "project.production", "Unit": "project.unit"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was typed; None and empty mean: not given."""

    sources: tuple[Path, ...]
    destinations: tuple[str, ...] = ()
    """As typed, `DIR[,noflush][,only=FILTER][,name=TEMPLATE][,stage=N][,proxies=SIZE+SIZE]`."""
    preset: str = ""
    cascade: bool = False
    only: tuple[str, ...] = ()
    """For every destination without a filter of its own."""
    ignore: tuple[str, ...] = ()
    """Added to the ignore list."""
    empty_ignore_list: bool = False
    report: Path | None = None
    choices: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the spec as typed, plain data."""

    def specs(self, settings: Settings) -> tuple[OffloadSpec, ...]:
        """One job for each card; BadInput or NotFound for what makes no sense."""
        self._check_sources()
        preset = _preset(settings, self.preset) if self.preset else {}
        data = {name: settings.get(key) for name, key in _FROM_SETTINGS.items()}
        data |= {k: v for k, v in preset.get("choices", {}).items() if v not in (None, "")}
        data |= {name: value for name, value in self.choices.items() if value not in (None, (), [])}
        known = [] if self.empty_ignore_list else list(data["ignore"])
        data |= {
            "preset": self.preset,
            "ignore": list(dict.fromkeys([*known, *self.ignore])),
            "extra": [(k, v) for k, key in _PROJECT_FACTS.items() if (v := settings.get(key))],
            "source": str(absolute(self.sources[0])),
            "destinations": [],
        }
        first = replace(
            self._structured(data),
            destinations=self._destinations(preset, settings),
            report=absolute(self.report) if self.report else _usual_reports(settings),
        )
        return tuple(
            replace(first, source=absolute(source), counter=first.counter + n)
            for n, source in enumerate(self.sources)
        )

    def _check_sources(self) -> None:
        seen: dict[Path, Path] = {}
        for source in self.sources:
            place = absolute(source).resolve()
            if place in seen:
                raise BadInput(f"{source} is named twice.", hint="Name each card once.")
            seen[place] = source

    def _structured(self, data: Mapping[str, Any]) -> OffloadSpec:
        try:
            return CONVERTER.structure(data, OffloadSpec)
        except Exception as error:  # cattrs raises groups of anything
            if not self.preset:
                raise
            raise BadInput(
                f'The preset "{self.preset}" holds something that makes no sense.',
                hint="Save it again in the window.",
            ) from error

    def _destinations(
        self, preset: Mapping[str, Any], settings: Settings
    ) -> tuple[DestinationSpec, ...]:
        if self.destinations:
            found = tuple(destination(text) for text in self.destinations)
        else:
            found = CONVERTER.structure(preset.get("destinations", []), tuple[DestinationSpec, ...])
            _check_connected(self.preset, found, settings)
        if not found:
            raise BadInput("An offload needs at least one destination.", hint="Add --to DIR.")
        if self.only:
            found = tuple(d if d.only else replace(d, only=self.only) for d in found)
        if self.cascade:
            if any(d.stage for d in found):
                raise BadInput("Give either --cascade or a stage for single destinations.")
            found = tuple(replace(d, stage=n) for n, d in enumerate(found))
        if all(d.stage for d in found):
            raise BadInput("Some destination must be of stage 0: it is fed from the card.")
        return found


def destination(text: str) -> DestinationSpec:
    """`DIR[,noflush][,only=…][,name=…][,stage=N][,proxies=SIZE+SIZE]` as a destination.

    Only a folder that is there may have commas in its name; what else stands behind a comma is an
    option, and BadInput names one that is not known: a slip of the hand is no folder.
    """
    parts = text.split(",")
    made = DestinationSpec(path=Path())
    while len(parts) > 1 and not _holds_its_commas(absolute(Path(",".join(parts)))):
        made = _with_option(made, parts.pop(), text)
    path = ",".join(parts)
    if not path.strip():
        raise BadInput(f"--to {text!r} names no folder.")
    return replace(made, path=absolute(Path(path)))


def _holds_its_commas(path: Path) -> bool:
    """Whether *path*, down to the last folder with a comma in its name, is there."""
    named = (place for place in (path, *path.parents) if "," in place.name)
    return os.path.isdir(next(named, path))  # noqa: PTH112 - no error where a name is too long


def _with_option(made: DestinationSpec, option: str, text: str) -> DestinationSpec:
    name, sign, value = option.partition("=")
    if option == "noflush":
        return replace(made, flush=False)
    if name == "only" and value:
        return replace(made, only=(value, *made.only))
    if name == "name" and sign:
        return replace(made, template=value)
    if name == "proxies" and value.strip("+"):
        return replace(made, proxies=tuple(filter(None, value.split("+"))))
    if name == "stage" and value.isdecimal():
        return replace(made, stage=int(value))
    known = {
        "only": "only=sound", "name": "name={date}", "stage": "stage=1", "noflush": "noflush",
        "proxies": "proxies=preview+editorial",
    }  # fmt: skip
    if name in known:
        wrong = f'"{option}" is not complete; it looks like {known[name]}.'
    else:
        there = "noflush, only=FILTER, name=TEMPLATE, stage=N, proxies=SIZE"
        wrong = f'"{option}" is no option. There are {there}.'
    raise BadInput(
        f"--to {text}: {wrong}",
        hint="A folder that has a comma in its name must be there already.",
    )


def _preset(settings: Settings, name: str) -> Mapping[str, Any]:
    presets: Sequence[Mapping[str, Any]] = settings.get("offload.presets")
    for preset in presets:
        if preset.get("name") == name:
            return preset
    names = ", ".join(str(preset.get("name", "")) for preset in presets)
    raise NotFound(
        f'There is no preset "{name}".',
        hint=f"There are: {names}." if names else "Presets are saved in the window.",
    )


def _check_connected(
    preset: str, destinations: Sequence[DestinationSpec], settings: Settings
) -> None:
    """NotFound, naming the folder, where a drive that a preset knows is not mounted now.

    The folder was there when the preset was saved: what would be made now lies elsewhere.
    """
    mounted = volumes(settings.get("devices.declared") or {}) if destinations else ()
    for one in destinations:
        _, trouble = look_at(one.path, mounted, watcher().patience.answer)
        if trouble:
            raise NotFound(
                f'The preset "{preset}" goes to {one.path}: {trouble}',
                path=one.path,
                hint="--to DIR, repeated for each drive, beats what the preset says.",
            )


def _usual_reports(settings: Settings) -> Path | None:
    return settings.path("report.directory") if settings.get("report.write") else None
