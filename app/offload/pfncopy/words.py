"""What went wrong with one file, for people: here is neither a card nor a retry."""

from __future__ import annotations

from app.errors import (
    DestinationFull,
    DestinationGone,
    DestinationSilent,
    NameTaken,
    ReelkeepError,
    SourceChanged,
    SourceGone,
    SourceUnreadable,
    WriteFailed,
)

_HINTS: dict[type[ReelkeepError], str] = {
    SourceChanged: "Make sure that no program writes to it, then copy it again.",
    SourceGone: "Connect its drive again, then copy it again.",
    SourceUnreadable: "Check its drive, cable and permissions, then copy it again.",
    DestinationFull: "Free space or choose another drive.",
    DestinationGone: "Connect the drive again, then copy the file again.",
    DestinationSilent: "Check its cable and power, then copy the file again.",
    NameTaken: "Choose another name or folder.",
    WriteFailed: "Check cable and drive, then copy the file again.",
}
"""The way out, where that of an offload would mislead."""


def told(trouble: ReelkeepError) -> str:
    """What happened, and the way out."""
    own = trouble.hint if trouble.hint != type(trouble).hint else None
    if isinstance(trouble, SourceUnreadable):
        own = None  # its own also speaks of a retry
    hint = _HINTS.get(type(trouble), trouble.hint) if own is None else own
    return f"{trouble.message} {hint}".strip()


def missed(count: int, total: int) -> str:
    """That destinations did not get the file."""
    if total == 1:
        return "The destination did not get the file."
    return f"{count} of {total} destinations did not get the file."
