"""The verdict against arbitrary evidence: SAFE only where an independent count agrees."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.integrity.verdict import (
    Answer,
    CopyEvidence,
    FileEvidence,
    Problem,
    ReadWay,
    card_verdict,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
moments = st.integers(-3, 3).map(lambda hours: NOON + timedelta(hours=hours))
mostly = st.sampled_from([True] * 9 + [False])


@st.composite
def copies(draw: st.DrawFn) -> CopyEvidence:
    written = draw(moments)
    later = written + timedelta(hours=draw(st.sampled_from([0, 1, 1, 1, 1, -1])))
    return CopyEvidence(
        device=draw(st.sampled_from("ABC")),
        counts=draw(mostly),
        equal=draw(mostly),
        way=draw(st.sampled_from([ReadWay.MEDIUM] * 8 + list(ReadWay))),
        written=written,
        read=draw(st.sampled_from([later] * 8 + [None])),
        journalled=draw(mostly),
        flushed=draw(mostly),
        identified=draw(mostly),
    )


files = st.builds(
    FileEvidence,
    path=st.text(min_size=1, max_size=5),
    problem=st.sampled_from([None] * 20 + list(Problem)),
    copies=st.lists(copies(), max_size=5).map(tuple),
)
good_copies = st.sampled_from("ABC").map(
    lambda device: CopyEvidence(
        device=device, counts=True, equal=True, way=ReadWay.MEDIUM, written=NOON,
        read=NOON, journalled=True,
    )
)  # fmt: skip
good_files = st.builds(
    FileEvidence,
    path=st.text(min_size=1, max_size=5),
    copies=st.lists(good_copies, min_size=1, max_size=5).map(tuple),
)
cards = st.lists(st.one_of(files, good_files, good_files, good_files), max_size=6)


def may_be_formatted(card: list[FileEvidence], wanted: int, listed: bool, on_disk: bool) -> bool:
    """The rule once more, said the long way round and sharing no code with the product."""
    if not (listed and on_disk and wanted > 0):
        return False
    needed = [file for file in card if file.problem != "ignored"]
    if len(needed) == 0:
        return False
    for file in needed:
        if file.problem not in {None, "filtered"}:
            return False
        devices, unknown = [], False
        for copy in file.copies:
            if not copy.equal or not copy.counts or not copy.flushed or not copy.journalled:
                continue
            if copy.way != "medium" or copy.read is None or copy.read < copy.written:
                continue
            if not copy.identified:
                unknown = True
            elif copy.device not in devices:
                devices.append(copy.device)
        if unknown and not devices:
            devices.append("some device")
        if len(devices) < wanted:
            return False
    return True


@settings(max_examples=600, deadline=None)
@given(cards, st.integers(-1, 4), mostly, mostly)
@example([], 0, True, True)
@example([FileEvidence(path="a")], 0, True, True)
@example([FileEvidence(path="a", problem=Problem.IGNORED)], 1, True, True)
def test_safe_exactly_where_every_condition_holds(
    card: list[FileEvidence], wanted: int, listed: bool, on_disk: bool
) -> None:
    verdict = card_verdict(iter(card), wanted=wanted, listed=listed, journal_on_disk=on_disk)
    expected = may_be_formatted(card, wanted, listed, on_disk)
    assert verdict.safe == expected
    assert verdict.answer is (Answer.SAFE if expected else Answer.KEEP)
    assert verdict.sentence.startswith("SAFE TO FORMAT" if expected else "KEEP")
    assert (verdict.reasons == ()) or not verdict.safe
    if not expected and wanted > 0:
        assert verdict.reasons, "a KEEP that says no reason"


@settings(max_examples=150, deadline=None)
@given(cards, st.integers(1, 3))
def test_nothing_that_is_added_to_a_card_makes_it_safer(
    card: list[FileEvidence], wanted: int
) -> None:
    """One file more can only ever turn SAFE into KEEP."""
    whole = card_verdict(card, wanted=wanted, listed=True, journal_on_disk=True)
    if whole.safe:
        for n, file in enumerate(card):
            rest = card[:n] + card[n + 1 :]
            if any(f.problem is not Problem.IGNORED for f in rest):
                less = card_verdict(rest, wanted=wanted, listed=True, journal_on_disk=True)
                assert less.safe, file


@settings(max_examples=300, deadline=None)
@given(cards, st.lists(st.integers(1, 4), min_size=6, max_size=6), st.integers(0, 4))
def test_files_that_are_alike_may_be_told_of_together(
    card: list[FileEvidence], counts: list[int], wanted: int
) -> None:
    one_by_one = [
        file for file, count in zip(card, counts, strict=False) for _ in range(count)
    ]  # fmt: skip
    together = [
        dataclasses.replace(file, files=count) for file, count in zip(card, counts, strict=False)
    ]
    verdicts = [
        card_verdict(some, wanted=wanted, listed=True, journal_on_disk=True)
        for some in (one_by_one, together)
    ]
    assert verdicts[0] == verdicts[1]


def test_evidence_about_no_file_is_refused() -> None:
    with pytest.raises(ValueError, match="no file"):
        FileEvidence(path="a.mov", files=0)


def safe_card(size: int = 3) -> list[FileEvidence]:
    copies_of_one = tuple(
        CopyEvidence(
            device=device, counts=True, equal=True, way=ReadWay.MEDIUM, written=NOON,
            read=NOON + timedelta(seconds=1), journalled=True,
        )
        for device in "AB"
    )  # fmt: skip
    return [FileEvidence(path=f"{n}.mov", copies=copies_of_one) for n in range(size)]


def judged(card: list[FileEvidence]) -> Answer:
    return card_verdict(card, wanted=2, listed=True, journal_on_disk=True).answer


def test_the_whole_card_is_safe() -> None:
    assert judged(safe_card()) is Answer.SAFE


@pytest.mark.parametrize(
    "flaw",
    [
        {"equal": False},
        {"counts": False},
        {"way": ReadWay.CACHE},
        {"way": ReadWay.NONE},
        {"read": None},
        {"read": NOON - timedelta(seconds=1)},
        {"journalled": False},
        {"flushed": False},
        {"device": "A"},
        {"identified": False},
    ],
    ids=lambda flaw: " ".join(f"{k} {v}" for k, v in flaw.items()),
)
@pytest.mark.parametrize("which", range(3))
def test_one_flaw_in_one_copy_of_one_file_keeps_the_card(
    flaw: dict[str, object], which: int
) -> None:
    """A read that lies before the last write is what a clock set back in between leaves."""
    card = safe_card()
    good, other = card[which].copies
    bad = dataclasses.replace(other, **flaw)  # type: ignore[arg-type]
    card[which] = dataclasses.replace(card[which], copies=(good, bad))
    assert judged(card) is Answer.KEEP


@pytest.mark.parametrize("problem", [p for p in Problem if p not in {"ignored", "filtered"}])
def test_any_problem_keeps_the_card_and_says_so(problem: Problem) -> None:
    card = [
        *safe_card(),
        FileEvidence(path="odd one", problem=problem, copies=safe_card()[0].copies),
    ]
    verdict = card_verdict(card, wanted=2, listed=True, journal_on_disk=True)
    assert verdict.answer is Answer.KEEP
    assert any("odd one" in reason for reason in verdict.reasons)


def test_what_a_person_ignores_is_left_out_and_counted() -> None:
    card = [*safe_card(), FileEvidence(path=".DS_Store", problem=Problem.IGNORED)]
    verdict = card_verdict(card, wanted=2, listed=True, journal_on_disk=True)
    assert (verdict.answer, verdict.files, verdict.ignored) == (Answer.SAFE, 3, 1)


def test_devices_that_could_not_be_identified_count_as_one_and_the_verdict_says_so() -> None:
    card = [
        dataclasses.replace(
            file,
            copies=tuple(dataclasses.replace(copy, identified=False) for copy in file.copies),
        )
        for file in safe_card()
    ]
    verdict = card_verdict(card, wanted=2, listed=True, journal_on_disk=True)
    assert verdict.sentence == "KEEP, 1 of 2 copies verified"
    assert "could not be identified" in verdict.reasons[0]
    assert card_verdict(card, wanted=1, listed=True, journal_on_disk=True).safe
