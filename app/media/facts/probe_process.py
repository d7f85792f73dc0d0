"""The child of `probe`: prints what one file tells of itself, as one line of JSON."""

from __future__ import annotations

import contextlib
import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import av

from app.errors import MediaFault, NotFound, Refusal
from app.media.facts.clip import check_path, read_clip
from app.media.facts.container import read_facts
from app.media.facts.probe import CONVERTER
from app.media.facts.refused import is_passing, why_refused
from app.media.facts.values import ClipFacts

_MOST = 8 << 20
"""Bytes of an answer; a clip with hundreds of tracks has some 100 kB."""
_MEMORY = 4 << 30
"""Bytes of address space; a damaged header may ask for any amount."""


def main(path: Path) -> dict[str, object]:
    """`facts`, the `fault` in one sentence, or a `bug` of ours."""
    hold_back()
    av.logging.set_level(None)
    try:
        return told(path, _checked_clip)
    except Exception:  # the parent says so, and does not blame the file
        return {"bug": traceback.format_exc()}


def _checked_clip(path: Path) -> ClipFacts:
    check_path(path)
    return read_clip(path)


def told(path: Path, read: Callable[[Path], ClipFacts] = read_facts) -> dict[str, object]:
    """`facts` of the one file (or of the whole clip, by `read_clip`), or the `fault` in words.

    A fault may be `passing`: it is the drive's.
    """
    try:
        facts = read(path)
    except MediaFault as fault:
        return {"fault": str(fault), "passing": is_passing(fault)}
    except Refusal as error:
        kind = "NotFound" if isinstance(error, NotFound) else "BadInput"
        return {"fault": str(error), "refusal": kind, "text": error.message, "hint": error.hint}
    except (av.FFmpegError, OSError, EOFError, MemoryError) as error:
        words = why_refused(str(path), error, path)
        return {"fault": words, "passing": is_passing(error)}
    if not facts.video and not facts.audio:
        return {"fault": f"{path} holds neither picture nor sound."}
    return {"facts": CONVERTER.unstructure(facts)}


def hold_back() -> None:
    """No more memory than any clip needs."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def answer(path: Path) -> str:
    """The line that is printed."""
    line = json.dumps(main(path))
    if len(line) > _MOST:
        line = json.dumps({"fault": f"{path} tells more of itself than any clip has to tell."})
    return line


if __name__ == "__main__":
    print(answer(Path(sys.argv[1])))
