"""How the proxies of each clip are called; two clips never share a name."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePath


def names_of(sources: Iterable[Path]) -> dict[Path, PurePath]:
    """For each clip the name of its proxies, without suffix, below the folder of a size.

    It is the clip's own, so that editing programs find it. Clips of one name get as many of their
    folders in front as tell them apart.
    """
    sources = tuple(dict.fromkeys(sources))
    beside = defaultdict(list)
    for source in sources:
        beside[source.parent, source.stem.casefold()].append(source)
    alike = defaultdict(list)
    for source in sources:
        alone = len(beside[source.parent, source.stem.casefold()]) == 1
        name = source.stem if alone else source.name.replace(".", "_")
        alike[name.casefold()].append((source, name))
    named = {}
    for group in alike.values():
        common = os.path.commonpath([source.parent for source, _ in group])
        for source, name in group:
            named[source] = PurePath(source.parent.relative_to(common), name)
    return named
