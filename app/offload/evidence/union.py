"""One card in the words of all its jobs: every copy that any of them has verified counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from app.integrity.hashing import HashKind
from app.integrity.verdict import CopyEvidence, FileEvidence, Problem, Verdict, card_verdict
from app.offload.copying.place import PlaceRecord
from app.offload.copying.work import CopyFact
from app.offload.evidence.account import Account
from app.offload.evidence.rows import EntryRow
from app.places.devices import stays
from app.places.tree import EntryKind


@dataclass(frozen=True, slots=True)
class Union:
    """What the jobs of one card have proven together, and what the card holds."""

    accounts: Sequence[Account]
    """Of its jobs, oldest first."""
    last: Account | None
    """Of the newest job that has listed it."""
    evidence: tuple[FileEvidence, ...] = ()
    files: int = 0
    """What is to be copied: files, links and special files that are not on the ignore list."""
    size: int = 0
    """Bytes of them."""

    @classmethod
    def of(cls, accounts: Sequence[Account]) -> Union:
        """The union of *accounts*, oldest first. That of a single job costs few questions."""
        listed = [account for account in accounts if account.has_rows]
        if not listed:
            return cls(accounts, None)
        last = listed[-1]
        if len(listed) == 1:
            return cls(accounts, last, tuple(last.evidence()), *last.wanted())
        rows = [row for row in last.rows if _counts(row)]
        wanted = [row.entry.size for row in rows if row.problem is not Problem.IGNORED]
        evidence = tuple(_Joined(listed).each(rows))
        return cls(accounts, last, evidence, len(wanted), sum(wanted))

    def verdict(self) -> Verdict:
        """May the card be formatted? By the strictest number of copies that a job asked for."""
        # What the newest job listed holds for the jobs before it, also where it came to no second
        # listing; where it found that the card had changed, no earlier one knows better.
        last = self.last
        deciding = (last,) if last is not None and last.came_to_listing else self.accounts
        return card_verdict(
            self.evidence,
            wanted=max((account.spec.wanted_copies for account in self.accounts), default=1),
            listed=any(account.listed for account in deciding) and bool(self.evidence),
            journal_on_disk=all(account.journal_on_disk for account in self.accounts),
            ended=any(account.came_to_listing for account in deciding),
            change=last.change if last is not None else "",
        )

    def complete(self) -> list[str]:
        """Ids of the devices that hold a verified copy of every file."""
        files = [file for file in self.evidence if file.problem is not Problem.IGNORED]
        held = [{copy.device for copy in file.copies if copy.verified} for file in files]
        return sorted(set.intersection(*held)) if held else []


class _Joined:
    """Several jobs about one card, file by file.

    The newest listing says what is on the card. An older job adds its copies of a file only where
    both have read the same bytes or, where one has not read it, the file still has size and time.
    Of one copy at one place the newest word counts.
    """

    def __init__(self, accounts: Sequence[Account]) -> None:
        self._accounts = accounts
        self._by_path = [{row.entry.path: row for row in account.rows} for account in accounts]
        places = [place for account in accounts for place in account.places]
        self._newest_port = {place.identity: place.device for place in places}

    def each(self, rows: Iterable[EntryRow]) -> Iterator[FileEvidence]:
        """What is known of every file of the newest listing."""
        return map(self._file, rows)

    def _file(self, row: EntryRow) -> FileEvidence:
        known = [(account, rows.get(row.entry.path)) for account, rows in self._pairs()]
        told = [(account, old) for account, old in known if old is not None]
        # A job that ended before this file's turn has only listed it.
        said = (old for _, old in told if same_file(old, row) and (old.problem or old.digests))
        decides = next(said, row)
        copies: dict[tuple[str, str, str, str], CopyEvidence] = {}
        for account, old in told:  # newest first
            if not same_file(old, decides):
                continue
            for fact in account.copies.get(old.n, ()):
                place = account.places[fact.destination]
                copies.setdefault(_lies(place, fact), self._evidence(account, fact))
        return FileEvidence(
            path=row.entry.path, problem=decides.problem, copies=tuple(copies.values())
        )

    def _evidence(self, account: Account, fact: CopyFact) -> CopyEvidence:
        """What a job says of a copy; one drive is one device, whatever port it was plugged into."""
        evidence, place = account.copy_evidence(fact), account.places[fact.destination]
        if stays(place.device):
            return evidence
        return replace(evidence, device=self._newest_port[place.identity])

    def _pairs(self) -> Iterator[tuple[Account, dict[str, EntryRow]]]:
        """The jobs with their rows by path, newest first."""
        return zip(reversed(self._accounts), reversed(self._by_path), strict=True)


def _counts(row: EntryRow) -> bool:
    return row.entry.kind is not EntryKind.FOLDER or row.problem is Problem.UNREADABLE


def _lies(place: PlaceRecord, fact: CopyFact) -> tuple[str, str, str, str]:
    device = place.device if stays(place.device) else ""  # a cloned drive has its twin's identity
    return place.identity, device, place.below, fact.path


def same_file(old: EntryRow, decides: EntryRow) -> bool:
    """Whether two jobs speak of the same bytes; by size and time where one has not read them."""
    mine, theirs = old.digests.get(HashKind.BLAKE3), decides.digests.get(HashKind.BLAKE3)
    if mine and theirs:
        return mine == theirs
    a, b = old.entry, decides.entry
    return (a.kind, a.size, a.mtime_ns, a.target) == (b.kind, b.size, b.mtime_ns, b.target)
