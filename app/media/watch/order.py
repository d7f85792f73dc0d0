"""What a watch folder's TOML says: how its folders are called, and what is to be made."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from app.errors import BadInput, NotFound, WriteFailed
from app.media.montage.spec import SheetForm

FILE = "reelkeep-watch.toml"
_TEMPLATE = Path(__file__).parents[3] / "resources" / "watch" / FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Names of the folders in a watch folder."""

    raw: str = "raw"
    archive: str = "archive"
    preview: str = "preview"
    montage: str = "montage"
    work: str = "work"
    log: str = "log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Make:
    """What is made of every file."""

    archive: str = "compact"
    """A recipe for transcodes; "" for none."""
    preview: str = "keepsake"
    montage: bool = True
    montage_format: str = "jpeg"
    proxies: tuple[str, ...] = ()
    """Sizes or recipes; they go into the profile's cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How files are waited for."""

    quiet_seconds: int = 5
    """A file is taken up once it has not changed for so long, and nobody has it open to write."""
    rescan_seconds: int = 60
    """Seconds between two looks at everything, whatever was notified."""
    polling: str = "auto"
    """`auto`, `always`, `never`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOrder:
    """One watch folder as it was ordered."""

    root: Path
    folders: Folders = field(default_factory=Folders)
    make: Make = field(default_factory=Make)
    watch: Habits = field(default_factory=Habits)

    @property
    def raw(self) -> Path:
        """Where files land."""
        return self.root / self.folders.raw

    @property
    def work(self) -> Path:
        """What is in the making, and what is remembered."""
        return self.root / self.folders.work

    @property
    def log(self) -> Path:
        """The log's folder."""
        return self.root / self.folders.log

    def place(self, name: str) -> Path:
        """The folder of what is made: `archive`, `preview`, `montage`."""
        return self.root / str(getattr(self.folders, name))


def root_of(path: Path) -> Path | None:
    """The watch folder that *path* is, or lies in; None where it lies in none."""
    return next((one for one in (path, *path.parents) if (one / FILE).is_file()), None)


def read_order(root: Path) -> WatchOrder:
    """The order in the folder *root*. Raises NotFound, and BadInput that names the key."""
    path = root / FILE
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise NotFound(
            f"{root} is no watch folder: there is no {FILE} in it.",
            path=root,
            hint=f"`reelkeep watch --init {root}` makes one.",
        ) from error
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read: {error}.", path=path) from error
    parts: dict[str, Any] = {}
    kinds = {"folders": Folders, "make": Make, "watch": Habits}
    for name, table in data.items():
        if name not in kinds:
            raise BadInput(
                f'{path}: nobody knows "{name}". There are: {", ".join(kinds)}.', path=path
            )
        parts[name] = _table(path, name, table, kinds[name])
    order = WatchOrder(root=root, **parts)
    for wrong in _senseless(order):
        raise BadInput(f"{path}: {wrong}", path=path)
    return order


def _table(path: Path, name: str, table: object, kind: Any) -> Any:
    if not isinstance(table, dict):
        raise BadInput(f"{path}: [{name}] is a table.", path=path)
    known = {one.name: one.default for one in fields(kind)}
    for key, value in table.items():
        if key not in known:
            words = f'{path}: nobody knows "{name}.{key}". There are: {", ".join(known)}.'
            raise BadInput(words, path=path)
        wanted = list if isinstance(known[key], tuple) else type(known[key])
        if type(value) is not wanted or (isinstance(value, list) and not _texts(value)):
            raise BadInput(f"{path}: {name}.{key} = {value!r} makes no sense.", path=path)
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in table.items()})


def _texts(value: list[object]) -> bool:
    return all(isinstance(one, str) for one in value)


def _senseless(order: WatchOrder) -> Iterator[str]:
    names = [str(getattr(order.folders, one.name)) for one in fields(Folders)]
    for name in names:
        parts = Path(name).parts
        if not parts or Path(name).is_absolute() or ".." in parts or parts[0] == ".":
            yield f'folders: "{name}" is no folder below this one.'
    places = [Path(name) for name in names]
    for one in places:
        if any(other is not one and (other == one or other in one.parents) for other in places):
            yield f'folders: "{one}" lies in another one, or is the same.'
    if order.make.montage_format not in list(SheetForm):
        yield f"make.montage_format is one of: {', '.join(SheetForm)}."
    if order.watch.polling not in {"auto", "always", "never"}:
        yield "watch.polling is one of: auto, always, never."
    if not 1 <= order.watch.quiet_seconds <= 86_400:
        yield "watch.quiet_seconds is from 1 to 86400."
    if not 1 <= order.watch.rescan_seconds <= 86_400:
        yield "watch.rescan_seconds is from 1 to 86400."


def init(root: Path) -> WatchOrder:
    """Make a watch folder of *root*: its TOML, unless there is one, and the folders it names."""
    path = root / FILE
    try:
        root.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text(_TEMPLATE.read_text("utf-8"), "utf-8")
        order = read_order(root)
        for one in fields(Folders):
            (root / str(getattr(order.folders, one.name))).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteFailed(
            f"The watch folder {root} could not be made: {error.strerror}.", path=root
        ) from error
    return order
