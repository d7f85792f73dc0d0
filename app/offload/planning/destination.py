"""What a plan has to say of one destination: what fits there, what lies there, what comes."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path

from app.integrity.mhl.values import HISTORY_FOLDER
from app.jobs.journal import Journal
from app.jobs.spec import JobId
from app.offload.card.listing import Packed
from app.offload.card.look import Look, must_answer
from app.offload.card.selection import Selection
from app.offload.evidence import memory
from app.offload.evidence.proofs import known_files, known_remark
from app.offload.naming import folders, split_template
from app.offload.plan import PlannedDestination, Remark, Weight
from app.offload.planning.folder import choice_remarks, length_trouble, name_trouble
from app.offload.planning.placing import Placed, naming_facts, placer
from app.offload.planning.remarks import PATHS_SHOWN
from app.offload.spec import DestinationSpec, OffloadSpec, OnCollision
from app.places.devices import speed_warning
from app.places.limits import NameRules, rules_of
from app.places.linux.calls import runs_in_user_space
from app.places.silence import Silence
from app.places.tree import Entry, EntryKind
from app.places.volumes import Volume, volume_of
from app.units import count_text

_AT_ONCE = 500
"""Names on a destination that are looked at with one patience."""


class DestinationLook:
    """One destination's look at the plan."""

    def __init__(
        self,
        index: int,
        destination: DestinationSpec,
        spec: OffloadSpec,
        look: Look,
        clip_of: Mapping[str, str],
        journal: Journal,
        declared: Mapping[str, str],
    ) -> None:
        self.index, self.spec, self.destination = index, spec, destination
        self.remarks: list[Remark] = []
        self.known = 0
        path = Path(os.path.abspath(destination.path))
        volume = volume_of(path, declared)
        self.name = _name(path, volume, spec)
        must_answer(path, volume, self.name)
        self._silence = Silence(self.name)
        shared, _ = split_template(destination.template or spec.template)
        self.root = root = path / folders(shared, naming_facts(spec, look.card))
        selection = Selection(destination.only, look.card)
        placed = Placed(look, selection, placer(spec, destination, look.card), clip_of)
        self._all = placed if isinstance(look.entries, Packed) else tuple(placed)
        self._most = len(look.entries)
        self.remarks += choice_remarks(index, self.name, path, volume, spec.source, root)
        self._how(volume)
        self._folders(volume)
        known = self._known(journal, volume)
        self._limits(rules_of(volume), volume)
        there = self._collisions(known)
        self._count(known, volume)
        files, size, already = self._sums(known)
        if destination.only and not files:
            wanted = ", ".join(destination.only)
            self.say(Weight.ATTENTION, f"No file of the card fits the filter of {self.name}"
                                       f" ({wanted}): it gets nothing.")  # fmt: skip
        self.planned = PlannedDestination(
            path=path,
            root=root,
            volume=volume,
            files=files,
            size=size,
            already=already,
            # A capacity of 0 is none that we know of.
            free_after=volume.free - (size - already - there if volume.capacity else 0),
            stage=destination.stage,
            flush=destination.flush,
            provable=_provable(volume),
            name=self.name,
        )

    def _placed(self, *, folders: bool = False) -> Iterator[tuple[Entry, str]]:
        """What the destination gets, with its place below the root; files and links, or all."""
        return (pair for pair in self._all if folders or pair[0].kind is not EntryKind.FOLDER)

    def _files(self) -> Iterator[tuple[Entry, str]]:
        return (pair for pair in self._placed() if pair[0].kind is EntryKind.FILE)

    def _known(self, journal: Journal, volume: Volume) -> set[str]:
        """The files that earlier jobs verified there, which is said."""
        if not os.path.isdir(self.root):
            return set()
        files = ((0, *pair) for pair in self._files())
        paths: set[str] = set()

        def reads() -> Iterator[tuple[JobId, datetime | None]]:
            ask = self._silence.ask
            for _, entry, copy in memory.known_copies(journal, files, self.root, volume, ask):
                paths.add(entry.path)
                yield copy.job, copy.fact.read

        told = known_files(reads())
        self.known = len(paths)
        self.remarks += known_remark(told, self.name, self.index, self.spec)
        return paths

    def _sums(self, known: Set[str]) -> tuple[int, int, int]:
        """Files and their bytes, and the bytes of those that are known there."""
        files = size = already = 0
        for entry, _ in self._files():
            files, size = files + 1, size + entry.size
            if entry.path in known:
                already += entry.size
        return files, size, already

    def _lying_there(self, known: Set[str]) -> Iterator[tuple[Entry, os.stat_result]]:
        """Files that are not known, of which the name is taken there already, and by what.

        A drive that hangs at one of them is not waited for without end: DestinationSilent.
        """
        left = (pair for pair in self._files() if pair[0].path not in known)
        while some := tuple(islice(left, _AT_ONCE)):
            places = [self.root / place for _, place in some]
            looks = self._silence.ask(partial(memory.looked_at, places))
            yield from ((e, look) for (e, _), look in zip(some, looks, strict=True) if look)

    def say(self, weight: Weight, text: str, paths: Iterable[str] = ()) -> None:
        """Add a remark about this destination."""
        shown = tuple(paths)[:PATHS_SHOWN]
        self.remarks.append(Remark(weight=weight, text=text, destination=self.index, paths=shown))

    def _how(self, volume: Volume) -> None:
        if not self.destination.flush:
            self.say(Weight.ATTENTION, f"{self.name} is not flushed, so its copy is never"
                                       " verified and does not count.")  # fmt: skip
        if warning := speed_warning(volume.device):
            self.say(Weight.ATTENTION, warning)

    def _folders(self, volume: Volume) -> None:
        """Whether the folders that the template gives each clip, and all paths, can be made."""
        if any(remark.weight is Weight.REFUSAL for remark in self.remarks):
            return
        made, longest = {""}, ""
        for entry, place in self._placed(folders=True):
            if place is not entry.path:
                made.add(place.removesuffix(entry.path).strip("/"))
            if len(place) > len(longest) or not place.isascii():
                longest = max(longest, place, key=_encoded_length)
        troubles = (name_trouble(self.root / f, volume, self.name) for f in sorted(made - {""}))
        if trouble := next(filter(None, troubles), "") or length_trouble(self.root, longest):
            self.say(Weight.REFUSAL, trouble)

    def _limits(self, rules: NameRules, volume: Volume) -> None:
        reasons: dict[str, list[str]] = defaultdict(list)
        seen: dict[str, str] = {}
        for entry, place in self._placed(folders=True):
            if entry.kind is EntryKind.FILE and (reason := rules.refuses_size(entry.size)):
                self.say(
                    Weight.REFUSAL, f"{entry.path} does not fit on {self.name}: {reason}",
                    [entry.path],
                )  # fmt: skip
            if entry.kind is EntryKind.LINK and not rules.holds_links:
                reasons["links cannot be kept there"].append(entry.path)
            if reason := rules.refuses(entry.name):
                reasons[reason].append(entry.path)
            if not rules.merges_names:
                continue
            key = "/".join(rules.fold(part) for part in place.split("/"))
            if seen.setdefault(key, entry.path) != entry.path:
                reasons[f"its name is the same there as {seen[key]}"].append(entry.path)
        for reason, paths in reasons.items():
            more = f" and {len(paths) - 1:,} more" if len(paths) > 1 else ""
            self.say(
                Weight.ATTENTION,
                f"{self.name} ({rules.file_system}) cannot hold {paths[0]}{more}:"
                f" {reason.rstrip('.')}. It is left out there.",
                paths,
            )

    def _count(self, known: Set[str], volume: Volume) -> None:
        """Whether the file system can take so many more files and folders (ext4 has a limit)."""
        try:
            found = os.statvfs(volume.mount_point)
        except OSError:
            return
        new = (pair for pair in self._placed(folders=True) if pair[0].path not in known)
        if (
            not found.f_files
            or self._most <= found.f_favail
            or sum(1 for _ in new) <= found.f_favail
        ):
            return  # most file systems make room for names as they need it
        new = (pair for pair in self._placed(folders=True) if pair[0].path not in known)
        wanted = sum(1 for _, place in new if not os.path.lexists(self.root / place))
        if wanted > found.f_favail:
            self.say(
                Weight.REFUSAL,
                f"{self.name} can take {found.f_favail:,} more files and folders, and"
                f" {wanted:,} are to come. Choose another drive.",
            )

    def _collisions(self, known: Set[str]) -> int:
        """Say what lies there already; the bytes of files that it stands in for."""
        root = self.root
        if not os.path.isdir(root):
            return 0
        taken, different, there = [], [], 0
        for entry, found in self._lying_there(known):
            taken.append(entry.path)
            there += entry.size
            if found.st_size != entry.size:
                different.append(entry.path)
        collision = self.spec.on_collision
        if taken and collision is OnCollision.REFUSE:
            self.say(Weight.REFUSAL, f"{_same_name(len(taken), 'file')} in"
                     f" {root}, e.g. {taken[0]}. Choose another folder, or let them be compared:"
                     " --on-collision skip-identical.", taken)  # fmt: skip
        elif different and collision is OnCollision.SKIP_IDENTICAL:
            self.say(Weight.ATTENTION, f"{_same_name(len(different), 'other file')} in"
                     f" {root}, e.g. {different[0]}. They are not touched, and the"
                     f" card's are not copied there. {_way_out(root)}", different)  # fmt: skip
        elif taken:
            self.say(Weight.NOTE, f"{_same_name(len(taken), 'file')} in {root}"
                                  " and will be compared by hash.", taken)  # fmt: skip
        return there


def _encoded_length(path: str) -> int:
    return len(os.fsencode(path))


def _way_out(root: Path) -> str:
    """What to do where other files lie; those below a history may be damaged copies of ours."""
    if not os.path.isdir(root / HISTORY_FOLDER):
        return "Choose to keep both, or another folder."
    return (
        f"If they are damaged copies, `reelkeep verify {root} --repair-from COPY` mends them from"
        " another copy; otherwise choose to keep both, or another folder."
    )


def _same_name(count: int, what: str) -> str:
    return f"{count_text(count, what)} of the same name {'lies' if count == 1 else 'lie'}"


def _provable(volume: Volume) -> bool:
    """Whether no program with a cache of its own stands before the volume (FUSE)."""
    try:
        fd = os.open(volume.mount_point, os.O_RDONLY)
    except OSError:
        return True  # nothing is known against it
    try:
        return not runs_in_user_space(fd)
    finally:
        os.close(fd)


def _name(path: Path, volume: Volume, spec: OffloadSpec) -> str:
    """The label, unless it is the system's or another destination lies on the same volume."""
    paths = [Path(os.path.abspath(d.path)) for d in spec.destinations]
    beside = sum(1 for p in paths if volume.mount_point in (p, *p.parents))
    if volume.mount_point == Path("/") or beside > 1:
        return path.name or str(path)
    return volume.label
