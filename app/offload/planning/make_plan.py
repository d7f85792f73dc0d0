"""Makes the plan of an offload: looks at the card and every destination, writes nothing."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from app.errors import BadInput
from app.integrity.hashing import HashKind
from app.integrity.medium import whole_pages
from app.integrity.mhl.values import HISTORY_FOLDER
from app.jobs.journal import Journal
from app.jobs.spec import JobId
from app.offload.card.listing import Packed
from app.offload.card.look import Look, clips_by_path, look_at, must_answer
from app.offload.card.selection import Selection
from app.offload.evidence import memory
from app.offload.evidence.proofs import known_files, known_remark
from app.offload.naming import NamingFacts, check_template, folders, split_template
from app.offload.plan import OffloadPlan, PlannedDestination, Remark, Weight
from app.offload.planning.folder import choice_remarks, length_trouble, name_trouble, report_remarks
from app.offload.planning.remarks import (
    PATHS_SHOWN,
    card_remarks,
    card_volume_remarks,
    device_remarks,
    folder_remarks,
    room_remarks,
    twin_remarks,
)
from app.offload.planning.unfinished import with_unfinished
from app.offload.spec import (
    LEAST_BUFFER,
    MOST_BUFFER,
    DestinationSpec,
    OffloadSpec,
    OnCollision,
)
from app.places.cards import Card, identity_of
from app.places.devices import count_different, speed_warning
from app.places.limits import NameRules, rules_of
from app.places.linux.calls import runs_in_user_space
from app.places.tree import Entry, EntryKind
from app.places.volumes import Volume, volume_of
from app.units import bytes_text, count_text, now


def naming_facts(spec: OffloadSpec, card: Card) -> NamingFacts:
    """What the tokens of this offload's templates stand for."""
    return NamingFacts(
        moment=spec.moment or now(),
        rollover_hour=spec.rollover_hour,
        project=spec.project,
        camera=card.camera,
        roll=card.roll,
        label=card.label,
        counter=spec.counter,
        text=spec.text,
    )


def placer(
    spec: OffloadSpec, destination: DestinationSpec, card: Card
) -> Callable[[str, str], str]:
    """A function from (path on the card, clip) to the path below the destination's root."""
    shared, by_clip = split_template(destination.template or spec.template)
    del shared
    if not by_clip:
        return lambda path, _clip: path
    facts = naming_facts(spec, card)

    def place(path: str, clip: str) -> str:
        folder = folders(by_clip, facts, clip)
        return f"{folder}/{path}" if folder else path

    return place


def make_plan(spec: OffloadSpec, journal: Journal, declared: Mapping[str, str]) -> OffloadPlan:
    """Plan *spec*. Refusals are remarks of the plan; only nonsense raises BadInput."""
    _check(spec)
    spec = replace(
        spec,
        moment=spec.moment or now(),
        source=Path(os.path.abspath(spec.source)),
        buffer_size=whole_pages(spec.buffer_size),
    )
    look = look_at(spec)
    sizes = [e.size for e in look.wanted() if e.kind is EntryKind.FILE]
    clip_of = clips_by_path(look.card)
    planned: list[PlannedDestination] = []
    remarks: list[Remark] = []
    known: list[int] = []
    for index, destination in enumerate(spec.destinations):
        view = _Destination(index, destination, spec, look, clip_of, journal, declared)
        remarks += view.remarks
        planned.append(view.planned)
        known.append(view.known)
    remarks += folder_remarks(planned)
    remarks += card_volume_remarks(volume_of(spec.source, declared), planned)
    remarks += twin_remarks(planned)
    remarks += device_remarks(spec, planned)
    remarks += card_remarks(look.card, look.wanted(), journal)
    if spec.report is not None:
        remarks += _report_remarks(Path(os.path.abspath(spec.report)), spec)
    size = sum(sizes)
    devices = count_different(p.volume.device for p in planned)
    complete = all(n == p.files for n, p in zip(known, planned, strict=True))
    sure = bool(sizes) and complete and not spec.check_known
    plan = OffloadPlan(
        spec=spec,
        card=look.card,
        files=len(sizes),
        clips=len(look.card.clips),
        size=size,
        destinations=tuple(planned),
        ignored=tuple(sorted(look.ignored)),
        remarks=tuple(remarks),
        identity=identity_of(look.card, look.entries),
        seconds=memory.expected_seconds(journal, spec, planned, size),
        already_safe=sure and devices >= spec.wanted_copies,
    )
    plan = with_unfinished(plan, journal)
    remarks = [*plan.remarks, *room_remarks(plan.destinations)]
    remarks.sort(key=lambda remark: list(Weight).index(remark.weight))
    return replace(plan, remarks=tuple(remarks))


def _check(spec: OffloadSpec) -> None:
    if not spec.destinations:
        raise BadInput("An offload needs at least one destination.", hint="Add one with --to DIR.")
    if spec.wanted_copies < 1:
        raise BadInput("At least one copy must be wanted.")
    if not spec.hashes or all(kind in {HashKind.SHA256, HashKind.BLAKE3} for kind in spec.hashes):
        raise BadInput("An offload needs a custody hash: xxh64, xxh3, xxh128, md5, sha1 or c4.")
    for destination in spec.destinations:
        check_template(destination.template or spec.template)
    if not LEAST_BUFFER <= spec.buffer_size <= MOST_BUFFER:
        raise BadInput(
            f"A buffer of {bytes_text(spec.buffer_size)} cannot be used.",
            hint="Take 128 KiB to 64 MiB; the default is 8 MiB.",
        )


@dataclass(frozen=True, slots=True)
class _Placed:
    """What one destination gets, with its place there.

    Gone through anew for each question: of a large card this is never in memory.
    """

    look: Look
    selection: Selection
    place: Callable[[str, str], str]
    clip_of: Mapping[str, str]

    def __iter__(self) -> Iterator[tuple[Entry, str]]:
        place, clip_of = self.place, self.clip_of
        for entry in self.look.wanted():
            if entry.kind is EntryKind.FOLDER or self.selection.takes(entry):
                yield entry, place(entry.path, clip_of.get(entry.path, ""))


class _Destination:
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
        shared, _ = split_template(destination.template or spec.template)
        self.root = root = path / folders(shared, naming_facts(spec, look.card))
        selection = Selection(destination.only, look.card)
        placed = _Placed(look, selection, placer(spec, destination, look.card), clip_of)
        self._all = placed if isinstance(look.entries, Packed) else tuple(placed)
        self._most = len(look.entries)
        self.remarks += choice_remarks(index, self.name, path, volume, spec.source, root)
        self._how(volume)
        self._folders(volume)
        known = self._known(journal, volume)
        self._limits(rules_of(volume), volume)
        self._collisions(known)
        self._count(known, volume)
        files, size, already, there = self._sums(known)
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
            for _, entry, copy in memory.known_copies(journal, files, self.root, volume):
                paths.add(entry.path)
                yield copy.job, copy.fact.read

        told = known_files(reads())
        self.known = len(paths)
        self.remarks += known_remark(told, self.name, self.index, self.spec)
        return paths

    def _sums(self, known: Set[str]) -> tuple[int, int, int, int]:
        """Files and their bytes; bytes that are known there; bytes of what else lies there."""
        files = size = already = there = 0
        look = os.path.isdir(self.root)
        for entry, place in self._files():
            files, size = files + 1, size + entry.size
            if entry.path in known:
                already += entry.size
            elif look and os.path.exists(self.root / place):
                there += entry.size
        return files, size, already, there

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

    def _collisions(self, known: Set[str]) -> None:
        root = self.root
        if not os.path.isdir(root):
            return
        taken, different = [], []
        for entry, place in self._files():
            if entry.path in known:
                continue
            try:
                found = os.lstat(root / place)
            except (OSError, ValueError):
                continue
            taken.append(entry.path)
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


def _report_remarks(report: Path, spec: OffloadSpec) -> Iterable[Remark]:
    volume = volume_of(report)
    must_answer(report, volume, volume.label)
    return report_remarks(report, volume, spec.source)
