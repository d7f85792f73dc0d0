"""Reads recipes of any kind: TOML, ours in `resources/recipes`, a person's own in the profile.

An own recipe takes the place of ours of the same name and kind, one of another name adds to them.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, TypeVar, get_type_hints

import cattrs

from app.errors import BadInput, NotFound

OURS = Path(__file__).parents[3] / "resources" / "recipes"
_SUFFIX = ".toml"
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class RecipeKind(Generic[R]):
    """All recipes for one kind of work."""

    name: str
    """What its files say: `kind = "proxy"`."""
    form: type[R]
    """What a recipe is read into."""
    senseless: Callable[[R], Iterator[str]]
    """What of a well-formed one cannot be done, one sentence each."""
    first: tuple[str, ...] = ()
    """The order in which ours are listed; others follow."""
    older: Mapping[str, str] = field(default_factory=dict)
    """Earlier name → name."""

    def named(self, name: str, folder: Path | None = None) -> R:
        """The recipe *name*, of the profile's *folder* or ours.

        Raises NotFound, and BadInput that names file and key for one that makes no sense.
        """
        for wanted in (name, self.older.get(name, name)):
            own = _in(folder).get(wanted)
            if own is not None and not self._is_another(own):
                return _read(self, wanted, own)
            if wanted in self._ours():
                ours: R = _our_recipe(self, wanted)
                return ours
        names = ", ".join(self.names(folder))
        raise NotFound(f'There is no recipe "{name}".', hint=f"There are: {names}.")

    def names(self, folder: Path | None = None) -> tuple[str, ...]:
        """Every recipe that can be named, ours first."""
        own = [name for name, path in _in(folder).items() if not self._is_another(path)]
        ours = dict.fromkeys([*self.first, *self._ours()])
        return tuple(dict.fromkeys([*ours, *own]))

    def _ours(self) -> dict[str, Path]:
        return {name: path for name, path in _in(OURS).items() if _kind_of(path) == self.name}

    def _is_another(self, path: Path) -> bool:
        """Whether a file clearly is a recipe for something else."""
        return _kind_of(path) in _KINDS - {self.name}

    def __hash__(self) -> int:
        return hash(self.name)


_KINDS = {"proxy", "transcode"}


def _in(folder: Path | None) -> dict[str, Path]:
    if folder is None or not folder.is_dir():
        return {}
    return {path.stem: path for path in sorted(folder.glob(f"*{_SUFFIX}"))}


@functools.cache
def _our_recipe(kind: RecipeKind[Any], name: str) -> Any:
    return _read(kind, name, OURS / f"{name}{_SUFFIX}")


def _kind_of(path: Path) -> str:
    try:
        return str(tomllib.loads(path.read_text("utf-8")).get("kind", ""))
    except (OSError, ValueError):
        return ""


def _read(kind: RecipeKind[R], name: str, path: Path) -> R:
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"The recipe {path} cannot be read: {error}.", path=path) from error
    if data.pop("kind", "") != kind.name:
        raise BadInput(f'The recipe {path} lacks the line kind = "{kind.name}".', path=path)
    data["name"] = name
    if lut := data.get("lut"):
        data["lut"] = str(path.parent / Path(str(lut)).expanduser())
    for wrong in _wrong(data, kind.form, ""):
        raise BadInput(f"The recipe {path}: {wrong}", path=path)
    made = _CONVERTER.structure(data, kind.form)
    for wrong in kind.senseless(made):
        raise BadInput(f"The recipe {path}: {wrong}", path=path)
    return made


def _whole(value: object, _kind: type) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(value)
    return value


def _text(value: object, _kind: type) -> str:
    if not isinstance(value, str):
        raise ValueError(value)
    return value


def _flag(value: object, _kind: type) -> bool:
    if not isinstance(value, bool):
        raise ValueError(value)
    return value


_CONVERTER = cattrs.Converter()
_CONVERTER.register_structure_hook(int, _whole)
_CONVERTER.register_structure_hook(str, _text)
_CONVERTER.register_structure_hook(bool, _flag)
_CONVERTER.register_structure_hook(StrEnum, lambda said, kind: kind(said))
_CONVERTER.register_structure_hook(Path, lambda said, _: Path(said))


def _wrong(data: Mapping[str, Any], kind: Any, above: str) -> Iterator[str]:
    """What of *data* no recipe has, lacks, or has in another way, one sentence each."""
    hints = get_type_hints(kind)
    for key in data:
        if key not in hints:
            yield f'nobody knows the key "{above}{key}". There are: {", ".join(hints)}.'
    for one in fields(kind):
        key, wanted = f"{above}{one.name}", hints[one.name]
        if one.name not in data:
            if one.default is MISSING and one.default_factory is MISSING:
                yield f'"{key}" is missing.'
            continue
        if is_dataclass(wanted):
            inner = data[one.name]
            if isinstance(inner, Mapping):
                yield from _wrong(inner, wanted, f"{key}.")
            else:
                yield f"[{key}] is a table."
            continue
        try:
            _CONVERTER.structure(data[one.name], wanted)
        except Exception:  # cattrs raises groups of anything
            yield f"{key} = {data[one.name]!r} makes no sense{_choices(wanted)}."


def _choices(wanted: Any) -> str:
    if isinstance(wanted, type) and issubclass(wanted, StrEnum):
        return f"; there are: {', '.join(wanted)}"
    return ""
