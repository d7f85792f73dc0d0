"""`reelkeep jobs`: what is in the queue, and going on with it."""

from pathlib import Path

import pytest
from offload_bench import Watched, make_card, tree

from app.engine import Engine
from app.jobs.snapshot import JobState
from app.jobs.spec import JobId
from app.offload.spec import DestinationSpec, OffloadSpec


@pytest.fixture
def card(tmp_path: Path) -> Path:
    return make_card(tmp_path / "A003", {"A003C001.mov": 5_000_000, "A003C002.mov": 1000})


@pytest.fixture
def left(profile: Path, card: Path, tmp_path: Path) -> JobId:
    """A job of a Reelkeep that has died before it could begin."""
    target = DestinationSpec(path=tmp_path / "a")
    with Engine(profile) as engine:
        return engine.submit(OffloadSpec(source=card, destinations=(target,), wanted_copies=1))


def test_an_empty_queue_says_how_to_begin(reelkeep):
    assert "There are no jobs." in reelkeep("jobs").out


def test_a_job_that_was_left_is_listed_as_interrupted(reelkeep, left):
    (job,) = reelkeep("jobs", "--json").events[:-1]

    assert (job["job"], job["state"], job["title"]) == (left, "interrupted", "Offload A003")
    assert reelkeep("jobs", "list").out.split("\t")[:3] == [left, "interrupted", "Offload A003"]


def test_resume_without_an_id_finishes_what_was_interrupted(reelkeep, left, card, tmp_path):
    answer = reelkeep("jobs", "resume", "--json")

    assert answer.code == 0
    assert (answer.result["safe"], answer.result["jobs"][0]["job"]) == (True, left)
    assert tree(tmp_path / "a" / "A003") == tree(card)
    assert reelkeep("jobs", "resume").out.startswith("No job was interrupted.")


def test_ids_are_understood_in_small_letters(reelkeep, left):
    assert reelkeep("jobs", "resume", left.lower()).code == 0


def test_a_finished_job_is_done_to_the_last_byte(reelkeep, left):
    reelkeep("jobs", "resume")
    (job,) = reelkeep("jobs", "--json").events[:-1]

    assert (job["state"], job["fraction"], job["safe"]) == ("done", 1.0, True)


def test_a_finished_job_has_nothing_to_resume_retry_or_cancel(reelkeep, left):
    reelkeep("jobs", "resume")

    for what in ("resume", "retry", "cancel"):
        answer = reelkeep("jobs", what, left)
        assert answer.code == 2
        assert "there is nothing to" in answer.err


def test_an_unknown_job_is_not_found(reelkeep):
    for what in ("resume", "retry", "cancel", "report"):
        answer = reelkeep("jobs", what, "ABCDEF")
        assert (answer.code, answer.err) == (
            2,
            "Not found: There is no job ABCDEF. `reelkeep jobs` lists them.\n",
        )


def test_an_interrupted_job_can_be_cancelled_and_taken_up_again(reelkeep, left):
    assert reelkeep("jobs", "cancel", left, "--json").result["state"] == "cancelled"
    assert reelkeep("jobs", "resume").out.startswith("No job was interrupted.")
    assert reelkeep("jobs", "resume", left).out.splitlines()[-1] == "SAFE TO FORMAT"


def test_resume_without_an_id_says_how_to_go_on_with_what_was_cancelled(reelkeep, left):
    reelkeep("jobs", "cancel", left)
    answer = reelkeep("jobs", "resume")

    assert answer.code == 0
    assert answer.out == (
        "No job was interrupted. One that was cancelled goes on when it is named:"
        f" reelkeep jobs resume {left}\n"
    )


def test_a_job_that_runs_in_another_reelkeep_is_cancelled_there(reelkeep, profile, left):
    with Engine(profile) as owner, Watched(owner, left) as job:
        job.until(lambda now: now.state is JobState.RUNNING, "the job runs")
        owner.pause(left)
        answer = reelkeep("jobs", "cancel", left)
        ended = job.end()

    assert ended.state is JobState.CANCELLED
    assert answer.code == 0
    assert answer.out.splitlines() == [
        "It runs in another process, which is asked to cancel it.",
        f"Offload A003, {left}, is cancelled. What is confirmed stays.",
    ]


def test_a_job_that_was_cancelled_elsewhere_and_is_resumed_is_not_cancelled_again(
    reelkeep, profile, left
):
    with Engine(profile) as owner:
        owner.resume(left)
        with Engine(profile) as other:
            other.cancel(left)
    assert reelkeep("jobs", "resume", left).code == 0


def test_retry_copies_what_failed_once_its_reason_is_gone(reelkeep, card, tmp_path):
    other = tmp_path / "a" / "A003" / "A003C002.mov"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"something else")
    first = reelkeep("offload", card, "--to", tmp_path / "a", "--wanted-copies", 1, "--json")
    job = first.result["jobs"][0]["job"]
    other.unlink()
    answer = reelkeep("jobs", "retry", job)

    assert first.code == 1
    assert answer.code == 0
    assert answer.out.splitlines()[-1] == "SAFE TO FORMAT"
    assert tree(tmp_path / "a" / "A003") == tree(card)


def test_a_report_that_is_lost_is_written_again(reelkeep, left):
    reelkeep("jobs", "resume")
    first = reelkeep("jobs", "report", left, "--json").result
    Path(first["report"]).unlink()
    again = reelkeep("jobs", "report", left, "--json").result

    assert again["report"] == first["report"]
    assert all(Path(again[form]).exists() for form in ("report", "pdf", "csv"))
    assert again["verdict"] == "SAFE TO FORMAT"


def test_a_report_goes_to_the_folder_that_is_named(reelkeep, left, tmp_path):
    reelkeep("jobs", "resume")
    answer = reelkeep("jobs", "report", left, "--to", tmp_path / "papers")
    path, verdict = answer.out.splitlines()

    assert Path(path).parent == tmp_path / "papers"
    assert verdict == "SAFE TO FORMAT"


def test_the_log_of_a_job_holds_its_beginning_and_its_end(reelkeep, left):
    reelkeep("jobs", "resume")
    lines = reelkeep("log", left).out.splitlines()

    assert any(f"<{left}> app.jobs.runner: {left} was started" in line for line in lines)
    assert lines[-1].endswith(f"{left} ended: {JobState.DONE}")
