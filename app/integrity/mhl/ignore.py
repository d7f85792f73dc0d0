"""The ignore list of a history: lines of .gitignore, relative to the folder of the history.

What a history leaves out by our doing (links, names that XML cannot hold) gets a line of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pathspec

from app.integrity.mhl.wording import LINE_BREAKERS, holdable

DEFAULT_IGNORE = (".DS_Store", "ascmhl", "ascmhl/")
"""What every history leaves out, as the specification has it."""

_MOST_WILDCARDS = 50
_SPECIAL = frozenset("\\*?[]!#")


def ignore_pattern_for(path: str, *, anywhere: bool = False) -> str:
    """The line that matches *path* and what lies beneath it, and nothing else.

    Characters that XML or a single line cannot hold become `?`, which matches any one character;
    such a line may match a like-named neighbour too. *anywhere* makes a line that also matches
    below any other folder: ascmhl 1.2 matches whole paths, so its `verify` sees no other line.
    """
    letters = [_escaped_letter(letter) for letter in path]
    if path[-1:].isspace():  # readers strip the end of a line; only `\ ` survives that
        letters[-1] = "\\ " if path[-1] == " " else "?"
    return ("**/" if anywhere else "/") + "".join(letters)


def _escaped_letter(letter: str) -> str:
    if letter in LINE_BREAKERS or not holdable(letter):
        return "?"
    return "\\" + letter if letter in _SPECIAL else letter


def ignore_patterns_for(left_out: Iterable[str], present: Iterable[str]) -> list[str]:
    """A line for every path of *left_out*: the widely understood one, unless it hits *present*.

    *present* are the files and folders that the history does record.
    """
    lines = {path: ignore_pattern_for(path, anywhere=True) for path in left_out}
    exact = {path for path, line in lines.items() if "?" not in line}
    wild = [path for path in lines if path not in exact]
    narrow = set(wild) if len(wild) > _MOST_WILDCARDS else set()
    specs = {p: pathspec.GitIgnoreSpec.from_lines([lines[p]]) for p in wild if p not in narrow}
    if lines:
        for path in present:
            narrow.update(tail for tail in _tails(path) if tail in exact)
            narrow.update(p for p, spec in specs.items() if spec.match_file(path))
    return [ignore_pattern_for(p) if p in narrow else line for p, line in lines.items()]


def _tails(path: str) -> Iterator[str]:
    """`a/b/c`, `b/c`, `c`."""
    yield path
    at = path.find("/")
    while at >= 0:
        yield path[at + 1 :]
        at = path.find("/", at + 1)


def grown(earlier: Iterable[str], *more: Iterable[str]) -> tuple[str, ...]:
    """*earlier* and what is new in *more*, in order; the list of a history only ever grows."""
    return tuple(dict.fromkeys([*earlier, *(line for lines in more for line in lines)]))


class IgnoreList:
    """Answers which paths an ignore list leaves out; quick also for thousands of plain lines."""

    __slots__ = ("_anchored", "_floating", "_folders", "_spec")

    def __init__(self, patterns: Iterable[str]) -> None:
        lines = [line for line in patterns if line.strip() and not line.startswith("#")]
        self._anchored: dict[str, bool] = {}
        self._floating: dict[str, bool] = {}
        self._folders: dict[str, bool] = {"": False}
        rest = []
        negated = any(line.startswith("!") for line in lines)  # then their order matters
        for line in lines:
            if negated or not self._take_plain(line):
                rest.append(line)
        self._spec = pathspec.GitIgnoreSpec.from_lines(rest) if rest else None

    def _take_plain(self, line: str) -> bool:
        """Keep a line without wildcards in a dictionary: name to whether it means folders only."""
        floating = line.startswith("**/")
        body = _plain(line.removeprefix("**/"))
        if not body or body == "/":
            return False
        folders_only = body.endswith("/")
        name = body.removesuffix("/")
        anchored = not floating and "/" in name
        if name.endswith("/") or "//" in name:
            return False
        kept = self._anchored if anchored else self._floating
        name = name.removeprefix("/")
        kept[name] = folders_only and kept.get(name, True)
        return True

    def matches(self, path: str, *, folder: bool = False) -> bool:
        """Whether *path* (a folder or not) or a folder that it lies in is left out."""
        parent = path.rpartition("/")[0]
        known = self._folders.get(parent)
        if known is None:
            known = self._folders[parent] = self.matches(parent, folder=True)
        return known or self._itself(path, folder)

    def _itself(self, path: str, folder: bool) -> bool:
        only = self._anchored.get(path)
        if only is not None and (folder or not only):
            return True
        if self._floating:
            for tail in _tails(path):
                only = self._floating.get(tail)
                if only is not None and (folder or not only):
                    return True
        return self._spec is not None and self._spec.match_file(path + "/" if folder else path)


def _plain(line: str) -> str | None:
    """*line* without its escapes, or None when it holds a wildcard or ends in loose space."""
    out = []
    letters = iter(line)
    for letter in letters:
        if letter == "\\":
            out.append(next(letters, ""))
        elif letter in "*?[":
            return None
        else:
            out.append(letter)
    loose = line != line.rstrip() and not line.endswith("\\ ")
    return None if loose or line != line.lstrip() else "".join(out)
