"""The journal: what is committed stays, what is damaged is kept aside, jobs have one owner."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from app.errors import BadInput, JournalFault, NotFound
from app.jobs.instance import Instance, Lanes, take_lock
from app.jobs.journal import Journal
from app.jobs.snapshot import JobState
from app.jobs.spec import JobId, Spec, job_kind, new_job_id, spec_from_json, spec_to_json


@job_kind
@dataclass(frozen=True, slots=True, kw_only=True)
class Trial(Spec):
    """A job of the tests."""

    kind: ClassVar[str] = "trial"
    path: Path


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "profile" / "journal.sqlite")


def add(journal: Journal, name: str = "a", owner: str = "me") -> JobId:
    job = new_job_id()
    spec = Trial(path=Path(f"/cards/{name}"))
    journal.add_job(job, spec, title=f"Trial {name}", lanes={"disk"}, owner=owner)
    return job


@pytest.mark.parametrize("name", ["plain", "line\nbreak", "bad \udcff", "🎬", 'quote"'])
def test_a_spec_survives_the_journal_with_any_name(journal: Journal, name: str) -> None:
    job = add(journal, name)
    row = journal.job(job)
    assert row.spec == Trial(path=Path(f"/cards/{name}"))
    row.title.encode("utf-8")
    assert row.title.startswith("Trial ")
    assert spec_from_json(spec_to_json(row.spec)) == row.spec


def test_a_kind_of_job_that_nobody_knows_is_said(journal: Journal) -> None:
    with pytest.raises(BadInput, match="holds a job of the kind"):
        spec_from_json('{"kind": "teleport"}')
    with pytest.raises(NotFound):
        journal.job(JobId("000000"))


@pytest.mark.parametrize(("then", "error"), [("nonsense", JournalFault), (None, ZeroDivisionError)])
def test_a_transaction_that_fails_leaves_nothing(
    journal: Journal, then: str | None, error: type[Exception]
) -> None:
    def change() -> None:
        with journal.transaction() as db:
            db.execute("DELETE FROM jobs")
            if then is None:
                raise ZeroDivisionError
            db.execute(then)

    job = add(journal)
    with pytest.raises(error):
        change()
    assert journal.job(job).state is JobState.QUEUED


def test_what_is_committed_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    program = f"""
import os, signal
from app.jobs.journal import Journal
from app.jobs.spec import JobId
from pathlib import Path
journal = Journal(Path({str(path)!r}))
journal.set_fact(JobId("A"), "certain", [1, "\\udcff"])
journal._connection.execute("BEGIN")
journal._connection.execute("INSERT INTO facts VALUES ('A', 'uncertain', '1')")
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, cwd=Path.cwd())
    assert done.returncode == -9
    journal = Journal(path)
    assert journal.trouble == ""
    assert journal.fact(JobId("A"), "certain") == [1, "\udcff"]
    assert journal.fact(JobId("A"), "uncertain", "none") == "none"


def test_only_one_of_many_claims_a_job(journal: Journal) -> None:
    job = add(journal)
    journal.set_state(job, JobState.INTERRUPTED)
    others = [Journal(journal.path) for _ in range(8)]
    won: list[str] = []
    start = threading.Barrier(len(others))

    def claim(n: int) -> None:
        start.wait()
        if others[n].claim(job, f"owner {n}", (JobState.INTERRUPTED,)):
            won.append(f"owner {n}")

    threads = [threading.Thread(target=claim, args=(n,)) for n in range(len(others))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert journal.job(job).owner == won[0]
    for other in others:
        other.close()


def test_jobs_stand_in_the_users_order(journal: Journal) -> None:
    first, second, third = (add(journal, name) for name in "abc")
    journal.move(third, first)
    assert [row.id for row in journal.jobs()] == [third, first, second]
    journal.move(third, None)
    assert [row.id for row in journal.jobs()] == [first, second, third]
    journal.hide(second)
    assert [row.id for row in journal.jobs()] == [first, third]
    assert len(journal.jobs(hidden=True)) == 3


def test_a_journal_of_a_newer_version_is_left_alone(journal: Journal) -> None:
    journal.close()
    with sqlite3.connect(journal.path) as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    before = journal.path.read_bytes()
    with pytest.raises(JournalFault, match="newer"):
        Journal(journal.path)
    assert journal.path.read_bytes() == before
    assert not list(journal.path.parent.glob("*damaged*"))


def test_an_owner_is_alive_as_long_as_its_process(tmp_path: Path) -> None:
    me = Instance(tmp_path)
    program = f"""
import sys
from pathlib import Path
from app.jobs.instance import Instance
kept = Instance(Path({str(tmp_path)!r}))
print(kept.id, flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        name = other.stdout.readline().strip()
        assert me.alive(name)
        assert me.alive(me.id)
        other.kill()
        other.wait()
    assert not me.alive(name)
    assert not me.alive("nobody")
    me.close()


def test_a_lane_is_held_by_one_at_a_time_and_all_or_none_are_taken(tmp_path: Path) -> None:
    mine, theirs = Lanes(tmp_path), Lanes(tmp_path)
    assert mine.take({"card", "disk"})
    assert not theirs.take({"disk", "other"})
    assert theirs.take({"other"})
    assert not mine.take({"other"})
    mine.release({"card", "disk"})
    assert theirs.take({"disk"})
    theirs.release({"disk", "other"})


def test_a_lane_that_is_let_go_leaves_no_file_and_is_no_ones_by_its_old_one(tmp_path: Path) -> None:
    mine, theirs = Lanes(tmp_path), Lanes(tmp_path)
    assert mine.take({"disk"})
    (path,) = tmp_path.iterdir()
    with path.open("ab") as late:  # whoever opens it now waits for a file that will have no name
        mine.release({"disk"})
        assert list(tmp_path.iterdir()) == []
        assert take_lock(late)
        assert theirs.take({"disk"})
    assert not mine.take({"disk"})


def test_an_odd_device_name_makes_a_lane_too(tmp_path: Path) -> None:
    lanes = Lanes(tmp_path)
    assert lanes.take({"server:/päth\udcff\n🎬"})
    lanes.release({"server:/päth\udcff\n🎬"})
    assert lanes.take({"server:/päth\udcff\n🎬"})


# When it is looked through for damage


def damage(path: Path) -> None:
    """One page of the jobs' own goes bad, as the medium does it: size and time stay."""
    before = path.stat()
    with sqlite3.connect(path) as db:
        ((page,),) = db.execute("SELECT rootpage FROM sqlite_master WHERE name='jobs'").fetchall()
        ((size,),) = db.execute("PRAGMA page_size").fetchall()
    db.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def looked_through(path: Path) -> bool:
    """Whether opening the journal reads all of it: then it finds the damage that is there."""
    opened = Journal(path)
    opened.close()
    return "damaged" in opened.trouble


@pytest.fixture
def closed(journal: Journal) -> Path:
    """A journal that was closed in order, and is damaged since without a trace."""
    add(journal)
    journal.close()
    damage(journal.path)
    return journal.path


def test_a_journal_that_was_closed_in_order_is_not_looked_through_again(closed: Path) -> None:
    assert not looked_through(closed)


def test_a_journal_is_looked_through_once_a_day(closed: Path) -> None:
    mark = closed.with_suffix(".sound")
    told = json.loads(mark.read_text())
    mark.write_text(json.dumps({**told, "checked": told["checked"] - 86_400}))
    assert looked_through(closed)
    assert not looked_through(closed)  # the new one that was begun


def test_a_journal_that_is_not_as_it_was_left_is_looked_through(closed: Path) -> None:
    os.utime(closed)
    assert looked_through(closed)


def test_a_journal_of_a_program_that_was_killed_is_looked_through(closed: Path) -> None:
    closed.with_name(closed.name + "-wal").write_bytes(b"changes that were not taken in")
    assert looked_through(closed)


def test_a_journal_that_another_program_has_open_is_not_looked_through(journal: Journal) -> None:
    journal.close()
    first = Journal(journal.path)
    add(first)  # so it is not as the mark says
    damage(journal.path)
    assert not looked_through(journal.path)
    first.close()


def test_damage_that_is_met_at_work_makes_the_next_start_look(closed: Path) -> None:
    opened = Journal(closed)
    with pytest.raises(JournalFault, match="malformed"):
        opened.jobs()
    opened.close()
    assert looked_through(closed)
