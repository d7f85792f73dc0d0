"""What may happen to small files on their way, one by one."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fault_mount import FaultMount
from mount_bench import Bench, run
from offload_bench import House, make_card, spec_for, tree

from app.integrity.hashing import HashKind
from app.jobs.control import JobControl
from app.jobs.journal import Journal
from app.jobs.snapshot import JobState
from app.offload.card.surroundings import Surroundings
from app.offload.copying.crew import Crew, HelperLost, NoAnswer
from app.offload.copying.hand import Copied, Equipment, ToCopy
from app.offload.copying.work import failed_fact
from app.offload.evidence.ledger import Ledger
from app.offload.job.finish import Finish
from app.offload.job.run import OffloadRun
from app.offload.spec import DestinationSpec, OffloadSpec
from app.places.root import PinnedFolder
from app.places.tree import list_tree

pytestmark = pytest.mark.root

PAGE = 4096
SIZES = (0, 1, PAGE - 1, PAGE, PAGE + 1, 25 * PAGE, (4 << 20) - 1, 4 << 20)


def test_every_size_around_a_page_and_the_limit_of_a_small_file_arrives(
    bench: Bench, house: House, two: tuple[Path, Path]
) -> None:
    card = make_card(bench.folder / "A003", {f"{size}.bin": size for size in SIZES})
    with house.engine() as engine:
        done = engine.run(spec_for(card, *two))
    assert done.safe, done
    for drive in two:
        assert tree(drive / "A003") == tree(card)


def test_hands_need_no_room_in_the_folder_for_temporary_files(
    bench: Bench, house: House, two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    full = bench.mount("tmpfs", "full", "-t", "tmpfs", "-o", "size=4k")
    (full / "filler").write_bytes(bytes(4096))
    monkeypatch.setattr(tempfile, "tempdir", str(full))
    card = make_card(bench.folder / "A003", {f"{n}.xml": 100 for n in range(20)})
    with house.engine() as engine:
        assert engine.run(spec_for(card, *two)).safe


@pytest.mark.parametrize("at", [PAGE, 3 * PAGE + 17, 9 * PAGE + 1])
def test_a_read_of_the_card_that_stops_short_goes_on(
    house: House, two: tuple[Path, Path], faulty: Callable[[str], FaultMount], at: int
) -> None:
    reader = faulty("reader")
    make_card(reader.backing, {"A.wav": 20 * PAGE + 5})
    reader.set({"op": "read", "match": "/A.wav", "at": at, "do": "short", "times": 2})
    with house.engine() as engine:
        done = engine.run(spec_for(reader.point, *two))
    assert (done.state, done.verdict) == (JobState.DONE, "SAFE TO FORMAT"), done
    assert any(line.startswith("short") for line in reader.acted())
    assert tree(two[0] / "A003") == tree(reader.backing)


def test_a_later_stage_keeps_the_cards_times_though_the_first_drive_could_not(
    bench: Bench, house: House
) -> None:
    image = bench.image("coarse.img", 96)
    run("mkfs.ext4", "-qF", "-I", "128", image)  # room for whole seconds only
    coarse = bench.mount(image, "coarse", "-o", "loop")
    fine = bench.ext4("fine", size=96)
    house.declare(coarse, fine)
    card = make_card(bench.folder / "A003", {"A.wav": 5000})
    os.utime(card / "A.wav", ns=(10**18 + 123_456_789, 10**18 + 123_456_789))
    destinations = (
        DestinationSpec(path=coarse, stage=0),
        DestinationSpec(path=fine, stage=1),
    )
    with house.engine() as engine:
        done = engine.run(OffloadSpec(source=card, template="A003", destinations=destinations))
    assert done.safe, done
    assert (coarse / "A003/A.wav").stat().st_mtime_ns == 10**18
    assert (fine / "A003/A.wav").stat().st_mtime_ns == 10**18 + 123_456_789


# The crew


@pytest.fixture
def crew(
    bench: Bench, tmp_path: Path, faulty: Callable[[str], FaultMount]
) -> Iterator[tuple[Crew, FaultMount, list[ToCopy]]]:
    """Hands of this process, with a drive 0 that hangs and a drive 1 that is well."""
    card = make_card(tmp_path / "card", {f"{n:03}.jpg": 2000 for n in range(300)})
    hung = faulty("hung")
    well = bench.ext4("well")
    equipment = Equipment((HashKind.XXH64,), HashKind.XXH64, "card", frozenset())
    folders = {0: PinnedFolder(hung.point), 1: PinnedFolder(well)}
    source = PinnedFolder(card)
    made = Crew(equipment, source, folders, helpers=False, patience=1)
    files = [ToCopy(n, e, e.mode, e.mtime_ns, ()) for n, e in enumerate(list_tree(card))]
    try:
        yield made, hung, files
    finally:
        hung.set()
        made.close()
        for folder in (source, *folders.values()):
            folder.close()


def to(drive: int, files: list[ToCopy], mark: str) -> list[ToCopy]:
    return [item._replace(copies=((drive, f"{mark}-{item.n}.part"),)) for item in files]


def test_a_batch_that_shares_its_hands_with_one_that_met_a_hung_drive_is_not_left_waiting(
    crew: tuple[Crew, FaultMount, list[ToCopy]],
) -> None:
    hands, hung, files = crew
    hung.set({"op": "create", "do": "hold"})
    with pytest.raises(NoAnswer) as told:
        list(hands.each(to(0, files, "a"), lambda: None))
    assert told.value.drive == 0
    hung.set()  # it answers again, and the hands come back
    ended = threading.Event()
    errors: list[BaseException] = []

    def other_batch() -> None:
        try:
            list(hands.each(to(1, files, "b"), lambda: None))
        except HelperLost as error:
            errors.append(error)
        ended.set()

    threading.Thread(target=other_batch, daemon=True).start()
    assert ended.wait(30), "the other batch waits for ever"
    assert hands.broken


def test_a_slow_drive_that_goes_on_is_waited_for(
    crew: tuple[Crew, FaultMount, list[ToCopy]],
) -> None:
    hands, hung, files = crew
    hands._looks[0]._done = hands._looks[1]._done = lambda _: next(numbers)
    hands._looks[2]._done = hands._looks[3]._done = lambda _: next(numbers)
    numbers = iter(range(1, 10**9))  # its device finishes something between any two looks
    hung.set({"op": "create", "do": "hold", "times": 4})
    threading.Timer(5, hung.set).start()  # five times the patience
    answers = [a for some in hands.each(to(0, files, "a"), lambda: None) for a in some]
    assert all(isinstance(a, Copied) and a.copies[0].error is None for a in answers)
    assert len(answers) == len(files)


# The verdict


def test_the_last_verdict_takes_in_what_others_have_found_meanwhile(
    bench: Bench, house: House, two: tuple[Path, Path]
) -> None:
    card = make_card(bench.folder / "A003", {"A.wav": 5000})
    with house.engine() as engine:
        done = engine.run(spec_for(card, *two))
        spec = engine.journal.job(done.id).spec
        assert isinstance(spec, OffloadSpec)
        around = Surroundings(declared=house.declared)
        offload = OffloadRun(done.id, spec, JobControl(done), engine.journal, around)
        finish = Finish(offload)
        assert finish._as_it_stands().verdict.safe
        Ledger(engine.journal, done.id).confirm([failed_fact(0, 1, "A.wav", "Damaged.")])
        assert not finish._as_it_stands().verdict.safe
        Ledger(engine.journal, done.id).forget_failed()
        assert not finish._as_it_stands().verdict.safe
        foreign = Journal(engine.journal.path)
        try:
            before = finish._as_it_stands()
            Ledger(foreign, done.id).confirm([failed_fact(0, 0, "A.wav", "Damaged.")])
            assert finish._as_it_stands() is not before
        finally:
            foreign.close()
