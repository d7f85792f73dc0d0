"""Which files below the raw folder of a watch folder are clips."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePath

from app.media.facts.row import PICTURES, ending
from app.media.facts.stamp import Stamp
from app.media.products.partial import PART
from app.places.cards.listing import MEDIA, SOUNDS


def clips_landed(
    raw: Path, left_out: set[str], unreadable: list[OSError]
) -> Iterator[tuple[str, Stamp]]:
    """Every clip below *raw*, by its path in it; what is none goes to *left_out*. OSError.

    Folders that cannot be listed go to *unreadable*, each as the error that names it.
    """
    if not raw.is_dir():
        raise FileNotFoundError(2, "No such file or directory", str(raw))
    for folder, below, names in os.walk(raw, onerror=unreadable.append):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(names):
            if name.startswith(".") or name.endswith(PART):
                continue
            path = Path(folder) / name
            inside = path.relative_to(raw).as_posix()
            kind = ending(name)
            if kind not in MEDIA or kind in PICTURES or not _is_plain(path):
                left_out.add(inside)
                continue
            with contextlib.suppress(OSError):
                yield inside, Stamp.of(path)


def _is_plain(path: Path) -> bool:
    """Whether it is a file itself, and neither a link nor a pipe."""
    with contextlib.suppress(OSError):
        return stat.S_ISREG(path.lstat().st_mode)
    return True  # it is told of when it is looked at


def has_twin(clip: Path, *, sounds: bool = True) -> bool:
    """Whether another clip in the same folder has the same name but for its ending.

    Without *sounds* nothing is made of these, and they take no name from a picture.
    """
    kinds = MEDIA if sounds else MEDIA - SOUNDS
    own = clip.stem.casefold()
    with contextlib.suppress(OSError), os.scandir(clip.parent) as entries:
        return any(
            one.name != clip.name
            and PurePath(one.name).stem.casefold() == own
            and ending(one.name) in kinds
            for one in entries
        )
    return False
