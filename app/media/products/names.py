"""How the proxies of each clip are called; two clips never share a name."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path, PurePath

from app.places.cards.listing import SOUNDS


def names_of(clips: Mapping[Path, str], *, sounds: bool = True) -> dict[Path, PurePath]:
    """For each clip, a file with a name, that of its proxies below the folder of a size.

    It is the clip's own, without suffix, so that editing programs find it. Clips of one name get as
    many of their folders in front as tell them apart. Without *sounds* nothing is made of these,
    and they take no name from a picture.
    """
    beside = Counter(
        (source.parent, name.casefold())
        for source, name in clips.items()
        if sounds or source.suffix[1:].lower() not in SOUNDS
    )
    alike = defaultdict(list)
    for source, own in clips.items():
        alone = beside[source.parent, own.casefold()] <= 1
        name = own if alone else with_ending(own, source)
        alike[name.casefold()].append((source, name))
    named = {}
    for group in alike.values():
        common = os.path.commonpath([source.parent for source, _ in group])
        for source, name in group:
            named[source] = PurePath(source.parent.relative_to(common), name)
    return named


def with_ending(name: str, source: Path) -> str:
    """*name* with the ending of the clip's file, `A_mov`: others beside it are called the same."""
    return f"{name}_{ending}" if (ending := source.suffix.lstrip(".")) else name
