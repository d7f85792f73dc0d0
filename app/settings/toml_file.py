"""One settings file: read with clear words about what is wrong, changed without losing a comment.

TOML holds only UTF-8, names of folders hold any byte. A byte that is no UTF-8 is kept as NUL and
two hex digits; NUL itself occurs in no name.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from app.errors import BadInput, WriteFailed
from app.settings.keys import Key

_AT_LINE = re.compile(r"\(at (?:line (\d+)|end of document)")
_HEADER = (
    "Reelkeep's settings. What is not set here comes from the site's file or is built in.",
    "`reelkeep settings list` explains every key.",
)


def read(path: Path) -> tuple[dict[str, Any], str]:
    """The values of a settings file, and its text; an absent file is empty.

    BadInput names file, line and what is wrong.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}, ""
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise BadInput(f"{path}, line {line}: this is not UTF-8.", path=path) from error
    except OSError as error:
        raise BadInput(
            f"The settings {path} cannot be read: {error.strerror}.", path=path
        ) from error
    try:
        return {k: _unfolded(v) for k, v in tomllib.loads(text).items()}, text
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        line = int(found[1]) if found and found[1] else text.count("\n") + 1
        reason = str(error).split(" (at ")[0]
        raise BadInput(
            f"{path}, line {line}: this is not TOML ({reason}).",
            path=path,
            hint="Mend the file; nothing in it was changed.",
        ) from error


def line_of(text: str, name: str) -> int:
    """The line on which a dotted key stands, or 1 when it cannot be found."""
    parts = name.split(".")
    section: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]", line):
            section = _parts(header[1])
            if section == parts:
                return number
        elif (pair := re.match(r"\s*([^=#]+?)\s*=", line)) and (section + _parts(pair[1])) == parts[
            : len(section) + len(_parts(pair[1]))
        ]:
            return number
    return 1


def _parts(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]


def change(path: Path, key: Key, value: object) -> None:
    """Set *key* in the file (None: take it out); all else in it stays as it is.

    BadInput when the file is damaged, WriteFailed when it cannot be written; it is then untouched.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    with _alone(path):
        _, text = read(path)
        document = tomlkit.parse(text)
        if not text:
            for line in _HEADER:
                document.add(tomlkit.comment(line))
        try:
            _place(document, key, None if value is None else _folded(value))
            changed = tomlkit.dumps(document)
            if value is None:  # the sentence that explained it goes with it
                changed = changed.replace(f"# {key.text}\n", "", 1)
        except (TOMLKitError, TypeError, ValueError) as error:
            raise BadInput(
                f"{path}: {key.name} could not be placed there ({error}).", path=path
            ) from error
        if tomllib.loads(changed) != tomllib.loads(text) or not text:
            _write(path, changed)


def _place(document: Any, key: Key, value: Any) -> None:
    import tomlkit

    *tables, last = key.name.split(".")
    table = document
    for name in tables:
        if name not in table:
            if value is None:
                return
            table[name] = tomlkit.table()
        table = table[name]
    if value is None:
        table.pop(last, None)
        return
    new = tomlkit.item(value)
    if isinstance(value, list) and sum(len(str(part)) for part in value) > 60:
        multiline = getattr(new, "multiline", None)
        if multiline:
            multiline(True)
    if last not in table and not isinstance(new, tomlkit.items.Table | tomlkit.items.AoT):
        table.add(tomlkit.comment(key.text))
    table[last] = new


def _folded(value: Any) -> Any:
    """*value* with every undecodable byte as NUL and two hex digits."""
    return _map_text(
        value, lambda text: re.sub("[\udc80-\udcff]", lambda m: f"\0{ord(m[0]) - 0xDC00:02x}", text)
    )


def _unfolded(value: Any) -> Any:
    return _map_text(
        value,
        lambda text: re.sub("\0([89a-f][0-9a-f])", lambda m: chr(0xDC00 + int(m[1], 16)), text),
    )


def _map_text(value: Any, mapped: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return mapped(value)
    if isinstance(value, list | tuple):
        return [_map_text(part, mapped) for part in value]
    if isinstance(value, Mapping):
        return {mapped(k): _map_text(v, mapped) for k, v in value.items() if v is not None}
    return value


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold off other programs of this profile that change the same file."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory = os.open(path.parent, os.O_RDONLY) if os.name == "posix" else None
    except OSError as error:
        raise _not_written(path, error) from error
    try:
        if directory is not None:
            import fcntl

            with contextlib.suppress(OSError):  # some network file systems know no locks
                fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        if directory is not None:
            os.close(directory)


def _write(path: Path, text: str) -> None:
    """Replace the file whole: after a power cut it is the old one or the new one."""
    target = path.resolve()  # a link to a file kept elsewhere stays a link
    try:
        handle, partial = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise _not_written(path, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8"))
            if target.exists():
                Path(partial).chmod(target.stat().st_mode & 0o777)
            file.flush()
            os.fsync(file.fileno())
        Path(partial).replace(target)
        _sync_directory(target.parent)
    except OSError as error:
        raise _not_written(path, error) from error
    finally:
        Path(partial).unlink(missing_ok=True)


def _sync_directory(directory: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _not_written(path: Path, error: OSError) -> WriteFailed:
    return WriteFailed(
        f"The settings {path} could not be written: {error.strerror}.",
        path=path,
        hint="The old ones are untouched.",
    )
