"""Which files still want which destinations, kept in step with the ledger."""

from __future__ import annotations

import stat
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

from app.errors import DestinationSilent
from app.integrity.hashing import HashKind
from app.integrity.verdict import Problem
from app.jobs.spec import CONVERTER
from app.offload.card.look import Look, clips_by_path, look_at, sorted_out
from app.offload.card.surroundings import FoundCard, Surroundings
from app.offload.copying.place import Place, PlaceRecord
from app.offload.copying.work import CopyFact, CopyState, FileWork, failed_fact
from app.offload.evidence.ledger import Ledger
from app.offload.evidence.memory import KnownCopy, known_copies
from app.offload.evidence.rows import THE_CARD, EntryRow
from app.offload.job.feeding import can_feed, feeding_place
from app.offload.job.share import Share
from app.offload.naming import numbered
from app.offload.spec import OffloadSpec
from app.places.cards import Card, CardIdentity
from app.places.limits import NameRules, rules_of
from app.places.tree import Entry, EntryKind

_AT_ONCE = 5000
"""Files that are looked for in the memory of earlier jobs before what was found is written down."""


class Roster:
    """The card's files, destination by destination."""

    def __init__(self, ledger: Ledger, spec: OffloadSpec, around: Surroundings) -> None:
        self.ledger, self.spec, self._around = ledger, spec, around
        fact = ledger.journal.fact
        self.identity = CONVERTER.structure(fact(ledger.job, "identity"), CardIdentity)
        self.card_volume: str = fact(ledger.job, "card volume", "")
        self.card_root: Path = spec.source
        records = CONVERTER.structure(fact(ledger.job, "places"), tuple[PlaceRecord, ...])
        self.places = [Place(i, record, ledger.job) for i, record in enumerate(records)]
        self.kinds = tuple(dict.fromkeys((*spec.hashes, HashKind.BLAKE3)))
        self.feeding: Place | None = None
        """In a later stage: the drive of an earlier one that is read in this pass."""
        self._numbers: dict[tuple[int, int], int] = {}
        self._card: Card | None = None
        self._found: FoundCard | None = None

    @property
    def card_name(self) -> str:
        """For people."""
        return self.identity.roll or self.identity.label

    def card_is_at(self, found: FoundCard) -> None:
        """Take up a card that was found and looked at; the look serves for one listing."""
        self.card_root, self._found = found.root, found

    def _look(self) -> Look:
        found, self._found = self._found, None
        spec = replace(self.spec, source=self.card_root)
        return look_at(spec) if found is None else sorted_out(found.card, found.entries, spec)

    def holds_what_was_read(self, entries: Sequence[Entry]) -> bool:
        """Whether everything that was read well from the card is there, as it was then.

        So a card is known again whose other files could not be read, or changed, the last time.
        """
        there = {(e.path, e.size, e.mtime_ns) for e in entries if e.kind is EntryKind.FILE}
        read = [row.entry for row in self.ledger.entries() if row.digests and row.problem is None]
        return bool(read) and all((e.path, e.size, e.mtime_ns) in there for e in read)

    def holds_what_was_listed(self, entries: Sequence[Entry]) -> bool:
        """Whether every file of the listing is there, times included; True before it was listed."""
        there = {(e.path, e.size, e.mtime_ns) for e in entries if e.kind is EntryKind.FILE}
        listed = [
            row.entry
            for row in self.ledger.entries()
            if row.entry.kind is EntryKind.FILE and row.problem is not Problem.IGNORED
        ]
        return all((e.path, e.size, e.mtime_ns) in there for e in listed)

    # Beginning

    def begin(self) -> None:
        """List the card, or on a resume take up what is certain and try failures again."""
        if self.ledger.journal.fact(self.ledger.job, "listed"):
            self.take_up(relist=True)
        else:
            self._list()

    def card_is_done(self) -> bool:
        """Whether the card itself is no longer needed: all read, and listed again unchanged."""
        if not self.ledger.journal.fact(self.ledger.job, "listed_again"):
            return False
        shares = [Share(self, place) for place in self.places if place.record.stage == 0]
        for row, facts in self.ledger.with_copies():
            if row.problem is Problem.UNREADABLE:
                return False  # also a folder that could not be listed
            if row.entry.kind is not EntryKind.FILE or row.problem is Problem.IGNORED:
                continue
            held = {fact.destination for fact in facts if fact.state is not CopyState.FAILED}
            if row.problem or any(s.takes(row) and s.place.index not in held for s in shares):
                return False
        return True

    def _list(self) -> None:
        look = self._look()
        clip_of = clips_by_path(look.card)
        self.ledger.list_card(
            (e, clip_of.get(e.path, ""), _listed_problem(e, e.path in look.ignored), e.trouble)
            for e in look.entries
        )
        journal, job = self.ledger.journal, self.ledger.job
        journal.set_fact(job, "card", CONVERTER.unstructure(look.card))
        self._take_known()
        journal.set_fact(job, "listed", True)

    def _take_known(self) -> None:
        """Copies that an earlier job verified need not be made again.

        Where they are to be read again, nothing is taken over: each is compared with the card.
        """
        if self.spec.check_known:
            return
        there = [p for p in self.places if p.find(self._around.volumes, self._around.volume_of)]
        if not there:
            return
        rows = (r for r in self.ledger.entries(EntryKind.FILE) if r.problem is None)
        shares = [Share(self, place) for place in there]
        while some := list(islice(rows, _AT_ONCE)):
            self._take_known_of(some, shares)

    def _take_known_of(self, rows: Sequence[EntryRow], shares: Sequence[Share]) -> None:
        """The same, of some files of the card."""
        found: dict[int, list[tuple[int, KnownCopy]]] = defaultdict(list)
        for share in shares:
            place, put = share.place, share.put
            files = ((r.n, r.entry, put(r.entry.path, r.clip)) for r in rows if share.takes(r))
            volume = self._around.volume_of(place.root)
            known = known_copies(self.ledger.journal, files, place.root, volume, place.ask)
            with suppress(DestinationSilent):  # told of once it is opened
                for n, _, copy in known:
                    found[n].append((place.index, copy))
        for n in [n for n, copies in found.items() if not _agree([c for _, c in copies])]:
            del found[n]  # one of them is not what the card holds: it is read
        if not found:
            return
        best = {n: max((c for _, c in found[n]), key=lambda c: c.twice) for n in found}
        self.ledger.read((n, c.digests, c.read_at, c.twice) for n, c in best.items())
        self.ledger.confirm(
            copy.fact._replace(n=n, destination=index, found=True)
            for n, copies in found.items()
            for index, copy in copies
        )
        taken = [(n, index, copy.job) for n, copies in found.items() for index, copy in copies]
        self.ledger.know([*taken, *((n, THE_CARD, c.card_job) for n, c in best.items())])

    def take_up(self, *, relist: bool) -> None:
        """Trust recorded copies that still are as recorded; the rest is wanted again."""
        self.ledger.clear_problems(
            (Problem.UNREADABLE, Problem.CHANGED, Problem.UNSTEADY, Problem.MISSING)
        )
        self.ledger.forget_failed()
        for place in self.places:
            if place.find(self._around.volumes, self._around.volume_of):
                with suppress(DestinationSilent):  # told of once it is opened
                    self._forget_what_changed(place)
        if relist:
            self._relist()

    def _forget_what_changed(self, place: Place) -> None:
        copies = (
            (fact, row.entry.size)
            for row, facts in self.ledger.with_copies()
            for fact in facts
            if fact.destination == place.index
        )
        while some := list(islice(copies, _AT_ONCE)):
            changed = place.ask(partial(_changed, place.root, some))
            self.ledger.forget_copies([(n, place.index) for n in changed])

    def _relist(self) -> None:
        """On a resume: files that are not copied anywhere yet are taken as they are now."""
        look = self._look()
        now = {entry.path: entry for entry in look.entries}
        changes, known = [], set()
        for row in self.ledger.entries():
            known.add(row.entry.path)
            fresh = now.get(row.entry.path)
            if fresh is None:
                continue
            # Whoever could not read a file may have changed its permissions since.
            unread = row.entry.kind is EntryKind.FILE and not row.hashes
            if _differs(row.entry, fresh) or (unread and row.entry.mode != fresh.mode):
                problem = _listed_problem(fresh, fresh.path in look.ignored)
                changes.append((row.n, fresh, problem))
        clip_of = clips_by_path(look.card)
        self.ledger.relist(changes)
        self.ledger.add_entries(
            [
                (e, clip_of.get(e.path, ""), _listed_problem(e, e.path in look.ignored), e.trouble)
                for e in look.entries
                if e.path not in known
            ]
        )

    # What is wanted

    def wanted(self, stage: int, without: set[int]) -> Iterator[FileWork]:
        """Files that destinations of this stage still want, in the card's order."""
        places = [
            p for p in self.places
            if p.record.stage == stage and p.index not in without and p.target is not None
        ]  # fmt: skip
        shares = [Share(self, place, naming=True) for place in places]
        self.feeding = feeding_place(self, stage, shares) if stage else None
        if (stage and self.feeding is None) or not any(map(self._lacking, shares)):
            return
        for row, facts in self.ledger.with_copies():
            if row.entry.kind is not EntryKind.FILE or row.problem is not None:
                continue
            have = {fact.destination: fact for fact in facts}
            source = have.get(self.feeding.index) if self.feeding else None
            if work := self._work(row, shares, have, source):
                yield work

    def _work(
        self,
        row: EntryRow,
        shares: Sequence[Share],
        have: Mapping[int, CopyFact],
        source: CopyFact | None,
    ) -> FileWork | None:
        paths: dict[int, str] = {}
        compare = set()
        if self.feeding and not can_feed(source):
            return None
        for share in shares:
            if held := have.get(share.place.index):
                share.hold(held)
                continue
            if not share.takes(row):
                continue
            path, same_size = share.path_for(row)
            if path is not None:
                paths[share.place.index] = path
                if same_size:
                    compare.add(share.place.index)
        if not paths:
            return None
        work = FileWork(n=row.n, entry=row.entry, paths=paths, compare=frozenset(compare))
        if source is not None:
            work.expected = row.digests
            work.read_from = row.entry._replace(
                path=source.path, mtime_ns=source.mtime_ns, ctime_ns=0
            )
        return work

    def wants(self, place: Place) -> bool:
        """Whether a destination still lacks something that it can hold."""
        share = Share(self, place)
        return any(share.takes(row) for row in self.ledger.lacking(place.index))

    def unconfirmed(self, stage: int) -> int:
        """How many pairs of file and destination of this stage have no row yet."""
        return sum(
            self._lacking(Share(self, place))
            for place in self.places
            if place.record.stage == stage
        )

    def _lacking(self, share: Share) -> int:
        if share.takes_all:
            return self.ledger.count_lacking(share.place.index)
        return sum(1 for row in self.ledger.lacking(share.place.index) if share.takes(row))

    @property
    def renumbered(self) -> int:
        """How often a copy was given another name so far."""
        return sum(self._numbers.values())

    def renumber(self, n: int, place: int) -> None:
        """Something else has the name: the copy gets the next number."""
        self._numbers[(n, place)] = self._numbers.get((n, place), 1) + 1

    def numbered(self, n: int, place: int, path: str) -> str:
        """The name a copy gets once others of that name were found to be different."""
        number = self._numbers.get((n, place), 1)
        return path if number == 1 else numbered(path, number)

    def fail(self, row: EntryRow, place: Place, path: str, trouble: str) -> None:
        """Write down that a destination cannot get a file."""
        self.ledger.confirm([failed_fact(row.n, place.index, path, trouble)])

    def rules(self, place: Place) -> NameRules:
        """What the volume of a destination can hold."""
        return rules_of(self._around.volume_of(place.root))

    # A cascade's later stages

    def fed_by(self) -> Place:
        """The drive that this pass of a later stage is fed from."""
        assert self.feeding is not None
        return self.feeding

    def stage_source_failed(self, work: FileWork) -> None:
        """A verified copy could not be read: those who waited for it did not get it."""
        self.ledger.confirm(
            failed_fact(work.n, index, path, str(work.trouble))
            for index, path in work.paths.items()
        )

    def check_known(self, works: Sequence[FileWork]) -> None:
        """Files whose copies were taken as known were read after all: do they agree?

        To be asked before what was read now is written down.
        """
        known = self.ledger.known_digests([work.n for work in works])
        stale = []
        for work in (work for work in works if work.n in known):
            fresh = work.digests.result()
            if any(fresh.get(kind, text) != text for kind, text in known[work.n].items()):
                stale += [(work.n, p.index) for p in self.places if p.index not in work.paths]
        if stale:
            self.ledger.forget_copies(stale)

    # For the drives

    def folders_on(self, place: Place) -> list[str]:
        """Every folder that files may have been written to on a destination."""
        put = Share(self, place).put
        return sorted({"", *(put(path, c).rpartition("/")[0] for path, c in self.ledger.names())})

    def card(self) -> Card:
        """The card as it was recognised when it was listed."""
        if self._card is None:
            fact = self.ledger.journal.fact(self.ledger.job, "card")
            self._card = CONVERTER.structure(fact, Card)
        return self._card

    def share(self, place: Place) -> Share:
        """What one destination gets of the card."""
        return Share(self, place)


def _listed_problem(entry: Entry, ignored: bool) -> Problem | None:
    if ignored:
        return Problem.IGNORED
    if entry.kind is EntryKind.SPECIAL:
        return Problem.SPECIAL
    return Problem.UNREADABLE if entry.kind is EntryKind.UNREADABLE else None


def _agree(copies: Sequence[KnownCopy]) -> bool:
    """Whether copies that earlier jobs made hold the same bytes, by every kind of hash."""
    first = copies[0].digests
    return all(first.get(kind, text) == text for c in copies for kind, text in c.digests.items())


def _differs(old: Entry, new: Entry) -> bool:
    facts, now = ((e.kind, e.size, e.mtime_ns, e.ctime_ns) for e in (old, new))
    return facts != now if old.kind is EntryKind.FILE else facts[:3] != now[:3]


def _changed(root: Path, copies: Sequence[tuple[CopyFact, int]]) -> list[int]:
    """Of which files the copy is no longer as it was recorded."""
    return [fact.n for fact, size in copies if not _as_recorded(root, fact, size)]


def _as_recorded(root: Path, fact: CopyFact, size: int) -> bool:
    try:
        found = (root / fact.path).lstat()
    except OSError:
        return False
    if fact.kind == "link":
        return stat.S_ISLNK(found.st_mode)
    return (found.st_size, found.st_mtime_ns) == (size, fact.mtime_ns)
