"""The day report: all cards of a shooting day, each with everything that is known of its copies.

A card that was offloaded by several jobs is one card: its verdict counts every copy that any of
them verified, as long as it is a copy of what lies on the card now. Cards that only look alike, by
names and sizes, stay several: most of what is on them differs by hash, or by time where it was not
read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from app.integrity.verdict import Verdict
from app.jobs.journal import JobRow, Journal
from app.jobs.snapshot import JobState
from app.jobs.spec import CONVERTER
from app.offload.evidence.account import Account
from app.offload.evidence.union import Union, same_file
from app.offload.naming import shooting_day
from app.offload.spec import OffloadSpec
from app.places.cards import CardIdentity, same_card
from app.places.tree import EntryKind
from app.reports.model import DayCard, DayReport
from app.units import now


def day_report(
    journal: Journal,
    day: date,
    *,
    project: str = "",
    first_day: date | None = None,
    extra: Mapping[str, str] | None = None,
) -> DayReport:
    """All cards that were offloaded on *day*, as the journal knows them at this moment.

    *first_day* is the project's first shooting day; days are counted from it, beginning at 1.
    """
    cards = [card for card in _cards(journal) if day in card.days]
    names = _device_names(card.accounts for card in cards)
    number = (day - first_day).days + 1 if first_day else None
    projects = (job.spec.project for card in cards for job in card.accounts)
    return DayReport(
        day=day,
        number=number if number and number > 0 else None,
        project=project or next(filter(None, projects), ""),
        cards=tuple(sorted((card.row(names) for card in cards), key=lambda row: row.offloaded)),
        made=now(),
        extra=dict(extra or {}),
    )


def _cards(journal: Journal) -> list[_Merged]:
    """Every card that the journal knows, with all its jobs, oldest first."""
    found: list[_Merged] = []
    by_digest: dict[str, list[_Merged]] = defaultdict(list)
    for row in sorted(journal.jobs(hidden=True), key=lambda row: row.created):
        fact = journal.fact(row.id, "identity") if row.kind == OffloadSpec.kind else None
        if fact is None:
            continue
        identity = CONVERTER.structure(fact, CardIdentity)
        alike = by_digest[identity.digest]
        account = _account(journal, row)
        card = next((card for card in alike if card.is_of(identity, account)), None)
        if card is None:
            card = _Merged(journal, identity)
            alike.append(card)
            found.append(card)
        card.take(row, account)
    return found


def _account(journal: Journal, row: JobRow) -> Account:
    spec = row.spec
    assert isinstance(spec, OffloadSpec)
    return Account(journal, row.id, spec)


@dataclass(slots=True)
class _Merged:
    """One card and every job that offloaded it."""

    journal: Journal
    identity: CardIdentity
    rows: list[JobRow] = field(default_factory=list)
    """Its jobs, oldest first."""
    accounts: list[Account] = field(default_factory=list)
    """What the journal holds of them."""

    @property
    def days(self) -> set[date]:
        """Shooting days on which it was offloaded."""
        return {_day(row) for row in self.rows}

    def take(self, row: JobRow, account: Account) -> None:
        """One job more."""
        self.rows.append(row)
        self.accounts.append(account)

    def is_of(self, identity: CardIdentity, account: Account) -> bool:
        """Whether another job was of this very card, and not of one that merely looks alike."""
        if not same_card(self.identity, identity):
            return False
        listed = next((one for one in reversed(self.accounts) if one.has_rows), None)
        if listed is None or not account.has_rows:  # nothing but the identity is known
            return self.identity.roll == identity.roll
        before = {row.entry.path: row for row in listed.rows if row.entry.kind is EntryKind.FILE}
        pairs = [(before[row.entry.path], row) for row in account.rows if row.entry.path in before]
        same = sum(row.entry.size for old, row in pairs if same_file(old, row))
        return 2 * same >= sum(row.entry.size for _, row in pairs)

    def row(self, names: Mapping[str, str]) -> DayCard:
        """The card as the day report tells it."""
        union = Union.of(self.accounts)
        verdict = union.verdict()
        last, card = self.rows[-1], union.last.card if union.last else None
        return DayCard(
            roll=self.identity.roll or self.identity.label,
            camera=card.camera if card else self.journal.fact(last.id, "camera", ""),
            clips=self.identity.clips,
            files=union.files if union.last else self.identity.files,
            size=union.size if union.last else self.identity.size,
            first_recorded=card.first_recorded if card else None,
            last_recorded=card.last_recorded if card else None,
            verdict=verdict.sentence,
            safe=verdict.safe,
            copies=tuple(names[device] for device in union.complete()),
            offloaded=last.finished or last.started or last.created,
            job=", ".join(row.id for row in self.rows),
            open=tuple(self._open(verdict)),
        )

    def _open(self, verdict: Verdict) -> Iterator[str]:
        """What is still to do."""
        yield from verdict.reasons
        for row in self.rows:
            if row.state is JobState.INTERRUPTED:
                yield f"Job {row.id} was interrupted. `reelkeep jobs resume {row.id}` goes on."
            elif not row.state.ended:
                yield f"Job {row.id} is {row.state}."
        last = self.rows[-1]
        if last.state is JobState.FAILED:
            yield f"Job {last.id} failed: {last.ending.get('error') or 'see its report'}"


def _day(row: JobRow) -> date:
    spec = row.spec
    assert isinstance(spec, OffloadSpec)
    return shooting_day(spec.moment or row.created, spec.rollover_hour)


def _device_names(cards: Iterable[Sequence[Account]]) -> dict[str, str]:
    """Name by id of every device; two drives of one model are told apart by their labels."""
    places = {place.device: place for card in cards for job in card for place in job.places}
    names = [place.device_name for place in places.values()]
    return {
        device: f"{place.device_name} ({place.label})"
        if names.count(place.device_name) > 1
        else place.device_name
        for device, place in places.items()
    }


def day_stem(day: date) -> str:
    """File name of a day's report, without its ending."""
    return f"Day_{day.isoformat()}"
