"""Counts what a report says in numbers, while the rows of a job go by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.integrity.verdict import Problem
from app.jobs.spec import JobId
from app.offload.copying.work import CopyFact, CopyState
from app.offload.evidence.proofs import Proofs
from app.offload.evidence.rows import EntryRow
from app.offload.evidence.simply_made import SimplyMade
from app.places.tree import EntryKind


class Tally:
    """What a report counts while the rows go by."""

    def __init__(self, known: Mapping[tuple[int, int], JobId], places: int) -> None:
        self.size = self.files = 0
        self.ignored: list[str] = []
        self.held, self.sizes, self.verified, self.asked = ([0] * places for _ in range(4))
        self.proofs = Proofs(known, places)

    def count(self, row: EntryRow, facts: Sequence[CopyFact], takes: Sequence[bool]) -> None:
        """Take a row in; *takes*: which destinations are to get it."""
        self.proofs.count(row, facts)
        if row.problem is Problem.IGNORED:
            self.ignored.append(row.entry.path)
        elif row.entry.kind is not EntryKind.FOLDER:
            self.files += 1
            self.size += row.entry.size
            for index, take in enumerate(takes):
                self.asked[index] += take
        for fact in facts:
            if fact.state is not CopyState.FAILED:
                self.held[fact.destination] += 1
                self.sizes[fact.destination] += row.entry.size
                self.verified[fact.destination] += fact.state is CopyState.VERIFIED

    def count_made(self, made: SimplyMade) -> None:
        """Take files in that this job copied to every destination, and verified there."""
        self.proofs.count_made(made)
        self.files += made.files
        self.size += made.size
        for index in range(len(self.held)):
            self.asked[index] += made.files
            self.held[index] += made.files
            self.sizes[index] += made.size
            self.verified[index] += made.files
