"""Every deliberate error of the engine.

ReelkeepError
├── Refusal                  what was asked must not or cannot be done; nothing was touched
│   ├── BadInput             a file, name or option that makes no sense as given
│   ├── PlanRefused          the plan says no: space, names, limits, nested folders
│   └── NotFound             no such place, job, card or program
└── EnvironmentFault         the world failed while we worked
    ├── SourceFault
    │   ├── SourceUnreadable a range of the card gives no bytes
    │   ├── SourceChanged    the card changed while it was being copied
    │   ├── SourceUnsteady   two reads of the card gave different bytes
    │   └── SourceGone       the card is no longer there
    ├── DestinationFault
    │   ├── DestinationFull
    │   ├── DestinationReadOnly
    │   ├── DestinationGone
    │   ├── DestinationSilent  it neither answers nor fails
    │   ├── NameTaken        something else lies under the name we need
    │   ├── WriteFailed      write, sync or rename failed
    │   └── ReadBackDiffers  the medium gave other bytes than were written
    ├── HistoryFault         a manifest or chain is missing, damaged or altered
    │   ├── ManifestDamaged  not the complete XML that it should be
    │   ├── ManifestAltered  not the bytes that the chain or a parent history vouches for
    │   ├── ManifestMissing  the chain names it, and it is not there
    │   ├── ChainMissing     manifests without the chain that vouches for them
    │   └── ChainBroken      numbers left out or out of order, or changed while we worked
    ├── MediaFault           a file is no clip, or a damaged one
    │   └── FrameFault       one frame of a clip cannot be given
    ├── JournalFault         the journal cannot be read or written
    └── PlaceBusy            a program holds the place that was to be ejected

Cancelling is not an error: `JobCancelled` stands outside the tree.
"""

from __future__ import annotations

from pathlib import Path


class ReelkeepError(Exception):
    """An error that we expected: one clear sentence, where it happened, and the way out."""

    title = "Something went wrong"
    hint = ""

    def __init__(
        self,
        message: str,
        *,
        path: Path | None = None,
        device: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.device = device
        if hint is not None:
            self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class JobCancelled(Exception):
    """Raised by a job's checkpoint once the person has cancelled it."""


class Refusal(ReelkeepError):
    """What was asked must not or cannot be done; nothing was touched."""

    title = "Refused"


class BadInput(Refusal):
    """A file, name or option makes no sense as given."""

    title = "Not understood"


class PlanRefused(Refusal):
    """The plan says no, before anything is written."""

    title = "This plan cannot be carried out"


class NotFound(Refusal):
    """No such place, job, card or program."""

    title = "Not found"


class EnvironmentFault(ReelkeepError):
    """The world failed while we worked: a device, a file system, a program."""

    title = "A device failed"


class SourceFault(EnvironmentFault):
    """The card or its reader failed."""

    title = "Card or reader failed"


class SourceUnreadable(SourceFault):
    """A range of a file on the card gives no bytes, also in small reads."""

    title = "Unreadable on the card"
    hint = "Clean the contacts or try another reader, then retry the failed files."


class SourceChanged(SourceFault):
    """A file on the card changed while it was being copied."""

    title = "The card changed"
    hint = "Make sure that no program writes to the card, then retry the failed files."


class SourceUnsteady(SourceFault):
    """Two reads of the same file on the card gave different bytes."""

    title = "Card or reader gives different bytes at each read"
    hint = "Try another reader or cable, then retry the failed files. Keep the card."


class SourceGone(SourceFault):
    """The card is no longer there."""

    title = "Card removed"
    hint = "Put the same card back; the job goes on by itself."


class DestinationFault(EnvironmentFault):
    """One destination failed; the others go on."""

    title = "Destination failed"


class DestinationFull(DestinationFault):
    """No room left on a destination."""

    title = "Destination full"
    hint = "Free space or replace the drive, then retry."


class DestinationReadOnly(DestinationFault):
    """A destination cannot be written to."""

    title = "Destination is read-only"
    hint = "Release its write protection or choose another drive."


class DestinationGone(DestinationFault):
    """A destination is no longer there."""

    title = "Destination removed"
    hint = "Connect the same drive again; the job goes on by itself."


class DestinationSilent(DestinationFault):
    """A destination neither answers nor fails; nothing more is asked of it."""

    title = "Destination does not answer"
    hint = "Check its cable and power, then retry: only what is missing is copied."


class NameTaken(DestinationFault):
    """Something else lies under the name that a copy needs; it was not touched."""

    title = "Another file has this name"
    hint = (
        "A damaged copy is mended from another one: `reelkeep verify` with --repair-from. Otherwise"
        " choose to keep both, or another folder."
    )


class WriteFailed(DestinationFault):
    """Writing, syncing or renaming failed; what was written does not count."""

    title = "Writing failed"
    hint = "Check cable and drive, then retry."


class ReadBackDiffers(DestinationFault):
    """The medium gave other bytes than were written to it."""

    title = "Drive gives other bytes than were written"
    hint = "Do not trust this drive. Retry, or repair from another verified copy."


class HistoryFault(EnvironmentFault):
    """A manifest or chain is missing, damaged or altered."""

    title = "Chain of custody is broken"


class ManifestDamaged(HistoryFault):
    """A manifest or chain is not the complete XML that it should be."""

    title = "Manifest damaged"
    hint = "Bring the ascmhl folder back from another copy, or check the files against that copy."


class ManifestAltered(HistoryFault):
    """A manifest's bytes are not those that the chain or a parent history vouches for."""

    title = "Manifest altered"
    hint = "Do not rely on it. Bring the ascmhl folder back from another copy."


class ManifestMissing(HistoryFault):
    """The chain, or a parent history, names a manifest that is not there."""

    title = "Manifest missing"
    hint = "Bring the ascmhl folder back from another copy."


class ChainMissing(HistoryFault):
    """There are manifests, but not the chain that vouches for them."""

    title = "Chain missing"
    hint = "Bring the ascmhl folder back from another copy."


class ChainBroken(HistoryFault):
    """The chain leaves out numbers, has them out of order, or changed while we worked."""

    title = "Chain broken"
    hint = "Bring the ascmhl folder back from another copy."


class MediaFault(EnvironmentFault):
    """A file is no clip, or a damaged one."""

    title = "Not readable as a clip"


class FrameFault(MediaFault):
    """One frame of a clip cannot be given; its neighbours may well be."""

    title = "Frame cannot be shown"


class JournalFault(EnvironmentFault):
    """The journal cannot be read or written."""

    title = "Journal cannot be used"
    hint = "Check the disk that holds the profile. What is confirmed stays; then resume the job."


class PlaceBusy(EnvironmentFault):
    """A program holds the place that was to be ejected."""

    title = "Still in use"
    hint = "Close it there, then eject again."
