"""The log says what happened, to which job, whichever thread tells it."""

import logging
import os
import re
import subprocess
import sys
import threading

import pytest

from app.errors import NotFound, WriteFailed
from app.log import (
    FILE_NAME,
    carried,
    job_context,
    job_log,
    job_log_file,
    log_files,
    read_log,
    start_log,
    stop_log,
)

log = logging.getLogger("app.test")


@pytest.fixture
def open_log(tmp_path):
    handlers = []
    level = logging.getLogger().level

    def opened(**limits):
        handlers.append(start_log(tmp_path / "log", **limits))
        return tmp_path / "log"

    yield opened
    for handler in handlers:
        stop_log(handler)
    logging.getLogger().setLevel(level)


def test_a_record_has_moment_level_job_and_who(open_log):
    folder = open_log()
    with job_context("AF1ADD"):
        log.info("Copied %s", "A003C001.mov")
    log.info("Closed")

    first, second = read_log(folder)

    moment = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d{4}"
    assert re.fullmatch(moment + r" INFO <AF1ADD> app\.test: Copied A003C001\.mov", first)
    assert re.fullmatch(moment + r" INFO <------> app\.test: Closed", second)


def test_the_log_of_one_job_holds_no_other_job(open_log):
    folder = open_log()
    for job in ("AF1ADD", "0B0B0B", "AF1ADD"):
        job_log(job).info("Copied for %s", job)

    lines = list(read_log(folder, "af1add"))

    assert len(lines) == 2
    assert all("<AF1ADD>" in line for line in lines)


def test_a_thread_that_carries_the_job_logs_for_it(open_log):
    folder = open_log()
    with job_context("AF1ADD"):
        threads = [threading.Thread(target=carried(log.info), args=("Wrote %d", n)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(list(read_log(folder, "AF1ADD"))) == 2


def test_a_traceback_stays_with_its_job(open_log):
    folder = open_log()
    try:
        raise ValueError("two\nlines")
    except ValueError:
        job_log("AF1ADD").exception("Failed")
    log.info("Closed")

    lines = list(read_log(folder, "AF1ADD"))

    assert lines[1] == "    Traceback (most recent call last):"
    assert lines[-1] == "    lines"
    assert len(list(read_log(folder))) == len(lines) + 1


@pytest.mark.parametrize(
    "name", ["line\nbreak", "cr\r", "\u2028", os.fsdecode(b"caf\xe9"), "🎬 \"'", "100%s"]
)
def test_an_odd_name_keeps_to_one_line(open_log, name):
    folder = open_log()
    log.info("Copied %s", name)
    log.info(name)

    assert len(list(read_log(folder))) == 2
    assert (folder / FILE_NAME).read_text("utf-8").count("\n") == 2


def test_files_are_closed_at_their_size_and_the_oldest_go(open_log):
    folder = open_log(max_size=1000, keep=2)
    for number in range(60):
        log.info("Copied clip %03d", number)

    assert [path.name for path in log_files(folder)] == [
        f"{FILE_NAME}.2",
        f"{FILE_NAME}.1",
        FILE_NAME,
    ]
    assert all(path.stat().st_size <= 1000 for path in log_files(folder))
    numbers = [int(line[-3:]) for line in read_log(folder)]
    assert numbers == list(range(numbers[0], 60))
    assert [int(line[-3:]) for line in read_log(folder, last=3)] == [57, 58, 59]


def test_with_no_closed_files_wanted_the_size_still_holds(open_log):
    folder = open_log(max_size=1000, keep=0)
    for number in range(60):
        log.info("Copied clip %03d", number)

    assert [path.name for path in log_files(folder)] == [FILE_NAME]
    assert (folder / FILE_NAME).stat().st_size <= 1000
    assert list(read_log(folder))[-1].endswith("059")


def test_two_instances_share_one_rotating_log(tmp_path):
    code = (
        "import logging, sys; from pathlib import Path; from app.log import start_log\n"
        "start_log(Path(sys.argv[1]), max_size=4000, keep=900)\n"
        "for n in range(300): logging.getLogger('app').info('%s %03d', sys.argv[2], n)\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), who]) for who in "ab"]
    assert [child.wait(60) for child in both] == [0, 0]

    last = {line.split()[-2]: line.split()[-1] for line in read_log(tmp_path)}

    assert last == {"a": "299", "b": "299"}


def test_threads_do_not_tear_each_other_s_lines(open_log):
    folder = open_log()

    def tell(job: str) -> None:
        for number in range(100):
            job_log(job).info("Copied %d", number)

    threads = [threading.Thread(target=tell, args=(f"00000{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for n in range(4):
        told = [int(line.split()[-1]) for line in read_log(folder, f"00000{n}")]
        assert told == list(range(100))


def test_the_log_of_a_job_has_the_original_s_long_form(tmp_path, open_log):
    open_log()
    path = tmp_path / "reports" / "job.log"
    with job_log_file(path, "AF1ADD"):
        job_log("AF1ADD").info("copying %s...", "/card/A\n001.mov")
        job_log("0B0B0B").info("copying another")
        log.warning("of nobody")
    job_log("AF1ADD").info("after the end")

    (line,) = path.read_text().splitlines()
    assert re.fullmatch(
        r"I \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d{4} <AF1ADD> \[MainThread\] "
        rf"pfndispatchcopy \({os.getpid()}\): INFO: copying /card/A\\n001\.mov\.\.\.",
        line,
    )


def test_a_full_disk_under_the_log_is_said_once_and_stops_nothing(open_log, capfd):
    folder = open_log()
    log.info("Copied one")
    handler = logging.getLogger().handlers[-1]
    handler.stream.close()
    handler.stream = open("/dev/full", "w")  # noqa: SIM115, PTH123 - the handler closes it
    handler._follow = lambda: None
    log.info("Copied two")
    log.info("Copied three")
    with pytest.raises(OSError, match="No space"):
        handler.stream.close()
    handler.stream = None

    assert capfd.readouterr().err.count("could not be written") == 1
    assert len(list(read_log(folder))) == 1


def test_a_log_that_cannot_be_opened_names_folder_and_way_out(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(WriteFailed, match=r"file/log could not be opened.*log\.directory"):
        start_log(tmp_path / "file" / "log")


def test_no_log_and_no_such_job_are_said_in_words(tmp_path, open_log):
    with pytest.raises(NotFound, match="There is no log in"):
        list(read_log(tmp_path))
    folder = open_log()
    log.info("Closed")
    with pytest.raises(NotFound, match="Nothing of the job AF1ADD"):
        list(read_log(folder, "AF1ADD"))
