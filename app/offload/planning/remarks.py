"""What a plan has to say about devices and the card itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from app.jobs.journal import Journal
from app.offload.evidence import memory
from app.offload.plan import PlannedDestination, Remark, Weight
from app.offload.spec import OffloadSpec, VerifyMode
from app.places.cards import Card, compare_rolls
from app.places.devices import DeviceKind, count_different
from app.places.tree import Entry, EntryKind
from app.places.volumes import Volume
from app.units import count_text

PATHS_SHOWN = 50


def folder_remarks(planned: Sequence[PlannedDestination]) -> list[Remark]:
    """Destinations that lead to one folder, by whatever name: their files would meet there."""
    seen: dict[tuple[object, ...], PlannedDestination] = {}
    remarks = []
    for index, one in enumerate(planned):
        other = seen.setdefault(_folder_key(one.root), one)
        if other is not one:
            remarks.append(
                Remark(
                    weight=Weight.REFUSAL,
                    text=f"{one.root} is the same folder as {other.root}, chosen twice."
                    " Choose it once, or another folder.",
                    destination=index,
                    brief="The same folder twice",
                )
            )
    return remarks


def _folder_key(root: Path) -> tuple[object, ...]:
    """What a folder is, also under another name: its nearest folder on disk and the rest."""
    for above in (root, *root.parents):
        try:
            found = above.stat()
        except OSError:
            continue
        return found.st_dev, found.st_ino, root.relative_to(above)
    return (root,)


def card_volume_remarks(card: Volume, planned: Sequence[PlannedDestination]) -> list[Remark]:
    """Destinations that lie on the volume *card*, from which is copied."""
    remarks = []
    for index, one in enumerate(planned):
        if not one.volume.is_surely(card.identity, card.device.id):
            continue
        if card.removable or card.device.kind is DeviceKind.CARD:
            remarks.append(
                Remark(
                    weight=Weight.REFUSAL,
                    destination=index,
                    brief="Lies on the card itself",
                    text=(
                        f"{one.path} lies on the card itself, and goes with it when it is"
                        " formatted. Choose another drive."
                    ),
                )
            )
        elif card.mount_point != Path("/"):
            remarks.append(
                Remark(
                    weight=Weight.ATTENTION,
                    destination=index,
                    brief="On the volume that is copied from",
                    text=f"{one.path} lies on {card.label}, from which is copied: formatted, both"
                    " are gone.",
                )
            )
    return remarks


def twin_remarks(planned: Sequence[PlannedDestination]) -> list[Remark]:
    """Drives with one file-system ID that the hardware does not tell apart when they come back."""
    seen: dict[str, PlannedDestination] = {}
    remarks = []
    for index, one in enumerate(planned):
        other = seen.setdefault(one.volume.identity, one)
        device, beside = one.volume.device.id, other.volume.device.id
        if device != beside and one.volume.may_be(other.volume.identity, beside):
            remarks.append(
                Remark(
                    weight=Weight.REFUSAL,
                    destination=index,
                    brief="Cannot be told from another",
                    text=(
                        f"{other.name} and {one.name} have one file-system ID, as cloned drives"
                        " do, and no serial numbers: one could be taken for the other. Format one"
                        " of them anew, or choose another drive."
                    ),
                )
            )
    return remarks


def device_remarks(spec: OffloadSpec, planned: Sequence[PlannedDestination]) -> list[Remark]:
    """What the devices behind the destinations mean for the verdict."""
    remarks = []
    seen: dict[str, PlannedDestination] = {}
    for index, one in enumerate(planned):
        device = one.volume.device
        if not device.counts:
            remarks.append(
                Remark(
                    weight=Weight.ATTENTION,
                    destination=index,
                    brief="Lies in memory, never counts",
                    text=(
                        f"{one.path} lies in memory and is gone with the power. It never counts."
                    ),
                )
            )
        elif device.id in seen:
            other = seen[device.id]
            remarks.append(
                Remark(
                    weight=Weight.ATTENTION,
                    destination=index,
                    brief=f"One device with {other.name}, counts once",
                    text=(
                        f"{_both(one, other)} lie on one device, {device.name}: both are"
                        " copied, together they count once."
                    ),
                )
            )
        else:
            seen[device.id] = one
        if not one.provable and device.counts:
            remarks.append(
                Remark(
                    weight=Weight.ATTENTION,
                    destination=index,
                    brief="Read through a cache, does not count",
                    text=(
                        f"A program with a cache of its own (FUSE) drives {one.name}, so its copy"
                        " is compared through the cache and does not count as verified. Use the"
                        " kernel's own driver if there is one."
                    ),
                )
            )
        if not device.identified and len(planned) > 1:
            remarks.append(
                Remark(
                    weight=Weight.ATTENTION,
                    destination=index,
                    brief="Device not identified",
                    text=(
                        f"The device behind {one.name} could not be identified and may be that of"
                        " another copy, so beside one it does not count. If you know which device"
                        " it is, name it in the settings: devices.declared."
                    ),
                )
            )
    return [*remarks, *_count_remarks(spec, planned)]


def _count_remarks(spec: OffloadSpec, planned: Sequence[PlannedDestination]) -> Iterator[Remark]:
    """Whether enough of the copies can count for the verdict."""
    counting = count_different(p.volume.device for p in planned if p.flush and p.provable)
    if spec.verify in {VerifyMode.TRANSFER, VerifyMode.SOURCE}:
        yield Remark(weight=Weight.ATTENTION, text=(
            "Copies are not read back, so none of them counts as verified."
            " The verdict will be KEEP."))  # fmt: skip
    elif counting < spec.wanted_copies:
        yield Remark(
            weight=Weight.ATTENTION,
            text=(
                f"{count_text(spec.wanted_copies, 'verified copy', 'verified copies')}"
                f" {'is' if spec.wanted_copies == 1 else 'are'} wanted, and these"
                f" destinations can give {counting}. The verdict will be KEEP unless other"
                " copies are known."
            ),
        )


def _both(one: PlannedDestination, other: PlannedDestination) -> str:
    """Two destinations by name; by folder where they are called the same."""
    if one.name != other.name:
        return f"{one.name} and {other.name}"
    return f"{one.root} and {other.root}"


def card_remarks(card: Card, wanted: Iterable[Entry], journal: Journal) -> list[Remark]:
    """What the card itself gives reason to say."""
    findings = (*card.findings, *compare_rolls(card, memory.seen_rolls(journal)))
    remarks = [Remark(weight=Weight.ATTENTION, text=f.text) for f in findings]
    by_kind: dict[EntryKind, list[str]] = defaultdict(list)
    files = 0
    for entry in wanted:
        if entry.kind is EntryKind.FILE:
            files += 1
        elif entry.kind is not EntryKind.FOLDER:
            by_kind[entry.kind].append(entry.path)
    words = {
        EntryKind.SPECIAL: (
            Weight.ATTENTION,
            "cannot be copied: no regular file or folder",
            "cannot be copied: no regular files or folders",
        ),
        EntryKind.UNREADABLE: (Weight.ATTENTION, "cannot be read", "cannot be read"),
        EntryKind.LINK: (
            Weight.NOTE,
            "is a link and is copied as a link",
            "are links and are copied as links",
        ),
    }
    for kind, (weight, of_one, of_many) in words.items():
        if paths := by_kind.get(kind):
            text = of_one if len(paths) == 1 else of_many
            more = f" and {len(paths) - 1:,} more" if len(paths) > 1 else ""
            remarks.append(
                Remark(weight=weight, text=f"{paths[0]}{more} {text}.",
                       paths=tuple(paths[:PATHS_SHOWN]))
            )  # fmt: skip
    if not files:
        remarks.append(
            Remark(weight=Weight.REFUSAL, text=f"There are no files to copy in {card.root}.")
        )
    return remarks
