"""Names and sentences made printable: whatever a file is called, a report shows it and survives.

Line breaks, controls, direction overrides and invisible characters are written as escapes
(`\\n`, `\\u{202e}`), bytes that are no UTF-8 as `\\xff`. In paths a backslash is doubled, and a
space at the edge of a name or a space of another kind is written out, so that two different
names never look the same for such a reason.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_JOINERS = "\u200c\u200d"  # Persian words and emoji need them
_EDGE_SPACE = re.compile(r"(?<![^/]) +| +(?![^/])")


def escape(character: str) -> str:
    """One character as an escape: `\\n`, `\\xff` for an undecodable byte, else `\\u{…}`."""
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return _SHORT.get(character) or f"\\u{{{code:x}}}"


def visible(text: str, escaped: Callable[[str], str] = escape) -> str:
    """A sentence or label on one line, every character that would not show written as an escape."""
    if text.isprintable():
        return text
    return "".join(character if _shows(character) else escaped(character) for character in text)


def visible_path(path: str, escaped: Callable[[str], str] = escape) -> str:
    """A path or file name on one line, so that no other name looks the same."""
    plain = path.isprintable() and "\\" not in path
    if plain and (" " not in path or not _EDGE_SPACE.search(path)):
        return path
    edges = {place for match in _EDGE_SPACE.finditer(path) for place in range(*match.span())}
    return "".join(
        escaped(character) if place in edges else _path_character(character, escaped)
        for place, character in enumerate(path)
    )


def _path_character(character: str, escaped: Callable[[str], str]) -> str:
    if character == "\\":
        return "\\\\"
    if character.isprintable() or character in _JOINERS:
        return character
    return escaped(character)


def _shows(character: str) -> bool:
    return (
        character.isprintable() or character in _JOINERS or unicodedata.category(character) == "Zs"
    )
