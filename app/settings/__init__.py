"""Settings in layers: built in, the site's file, the profile's file, the command line.

The later layer wins, and every value can say where it comes from.
"""

from __future__ import annotations

import copy
import threading
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from app.errors import BadInput
from app.paths import absolute, site_file
from app.settings import toml_file
from app.settings.keys import KEYS, Key, Kind

__all__ = ["KEYS", "Key", "Kind", "Settings", "key_named", "value_from_text", "value_text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    origin: str
    values: Mapping[str, Any]
    warnings: tuple[str, ...] = ()


class Settings:
    """The settings of one profile; safe to use from any thread."""

    def __init__(self, profile_file: Path, site: Path, overrides: Mapping[str, object]) -> None:
        self._file = profile_file
        self._site = site
        self._lock = threading.RLock()
        checked = {name: _checked(key_named(name), value) for name, value in overrides.items()}
        self._command_line = _Layer(origin="command line", values=checked)
        self._layers: tuple[_Layer, ...] = ()
        self.reload()

    @classmethod
    def load(
        cls,
        profile_file: Path,
        *,
        site: Path | None = None,
        overrides: Mapping[str, object] | None = None,
    ) -> Settings:
        """Read all layers; BadInput names the file, line and key that make no sense."""
        return cls(profile_file, site or site_file(), overrides or {})

    def reload(self) -> None:
        """Read the files again; after BadInput what was known before still holds."""
        with self._lock:
            self._layers = (
                self._command_line,
                _layer(self._file, f"profile {self._file}"),
                _layer(self._site, f"site file {self._site}"),
            )

    def get(self, name: str) -> Any:
        """The value that counts; BadInput when there is no such setting."""
        key = key_named(name)
        with self._lock:
            for layer in self._layers:
                if name in layer.values:
                    return copy.deepcopy(layer.values[name])
        return key.fresh_default()

    def origin(self, name: str) -> str:
        """Where the value that counts comes from, in words."""
        key_named(name)
        with self._lock:
            return next((la.origin for la in self._layers if name in la.values), "built in")

    def set(self, name: str, value: object) -> None:
        """Keep *value* in the profile's file; BadInput when it is not what is expected."""
        key = key_named(name)
        checked = _checked(key, value)
        with self._lock:
            toml_file.change(self._file, key, checked)
            self.reload()

    def unset(self, name: str) -> None:
        """Take a setting out of the profile's file, so that the layer below counts again."""
        key = key_named(name)
        with self._lock:
            if self._file.exists():
                toml_file.change(self._file, key, None)
            self.reload()

    def keys(self) -> Iterator[Key]:
        """Every setting there is, in the order in which they are shown."""
        return iter(KEYS.values())

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the files hold that nobody knows, one sentence each."""
        with self._lock:
            return tuple(text for layer in self._layers for text in layer.warnings)

    def path(self, name: str) -> Path | None:
        """A path from the settings, absolute; None while it is empty."""
        text = str(self.get(name))
        return absolute(Path(text)) if text else None


def key_named(name: str) -> Key:
    """The setting of this name; BadInput that offers the nearest one."""
    if name in KEYS:
        return KEYS[name]
    raise BadInput(
        f'There is no setting "{name}".',
        hint=_nearest(name) or "`reelkeep settings list` shows all of them.",
    )


def value_from_text(key: Key, texts: Sequence[str]) -> Any:
    """What a person typed for *key*, checked; several words make a list, `a=b` a table.

    BadInput says what is expected.
    """
    if key.kind is Kind.TEXTS:
        return _checked(key, [] if list(texts) == [""] else list(texts))
    if key.kind is Kind.TABLE:
        pairs = [text.partition("=") for text in texts if text]
        if any(not sign for _, sign, _ in pairs):
            raise BadInput(f"{key.name} expects pairs such as VOLUME=DEVICE.")
        return _checked(key, {name: value for name, _, value in pairs})
    if len(texts) != 1:
        raise BadInput(f"{key.name} expects {key.expects}: one value, not {len(texts)}.")
    text = texts[0]
    if key.kind in {Kind.TEXT, Kind.TEMPLATE, Kind.WEB, Kind.PATH, Kind.SIZE, Kind.DAY}:
        return _checked(key, text)
    words = {"yes": "true", "on": "true", "no": "false", "off": "false"}
    try:
        value = tomllib.loads(f"value = {words.get(text.lower(), text)}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    return _checked(key, value)


def value_text(value: object) -> str:
    """A value for people: one line, empty when nothing is set."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(str(v.get("name", v)) if isinstance(v, dict) else str(v) for v in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}={part}" for name, part in value.items())
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


def _checked(key: Key, value: object, where: str = "") -> Any:
    try:
        return key.check(value)
    except (ValueError, TypeError) as error:
        raise BadInput(f"{where}{key.name} expects {key.expects}, not {value!r}.") from error


def _layer(path: Path, origin: str) -> _Layer:
    data, text = toml_file.read(path)
    values: dict[str, Any] = {}
    warnings: list[str] = []
    for name, value in _flat(data, ""):
        line = toml_file.line_of(text, name)
        if name in KEYS:
            values[name] = _checked(KEYS[name], value, f"{path}, line {line}: ")
        else:
            hint = _nearest(name)
            warnings.append(
                f'{path}, line {line}: nobody knows the setting "{name}". {hint}'.strip()
            )
    return _Layer(origin=origin, values=values, warnings=tuple(warnings))


def _flat(data: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    """Every known key, and the topmost of what is unknown, with its value."""
    for part, value in data.items():
        name = above + part
        deeper = any(known.startswith(f"{name}.") for known in KEYS)
        if deeper and isinstance(value, Mapping):
            yield from _flat(value, f"{name}.")
        else:
            yield name, value


def _nearest(name: str) -> str:
    near = get_close_matches(name, KEYS, n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else ""
