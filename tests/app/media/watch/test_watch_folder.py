"""Watch folders: what settles in them is made into what was ordered, once, whatever happens."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fault_mount import FaultMount
from mount_bench import Bench
from seldom import seldom
from transcode_bench import PRORES, Footage, numbers_of
from watch_bench import WatchBench, end_by, until

from app.engine import Engine
from app.errors import BadInput, NotFound
from app.media.facts.stamp import Stamp
from app.media.watch.ledger import Entry, Ledger, Stage
from app.media.watch.order import FILE, init, read_order
from app.media.watch.settled import Settling, is_written


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    return Footage(tmp_path_factory.mktemp("footage"))


@pytest.fixture
def clip(footage: Footage) -> Path:
    return footage.made("A003C001.mov", *PRORES, "-c:a", "pcm_s24le", frames=50)


@pytest.fixture
def bench(tmp_path: Path) -> WatchBench:
    return WatchBench(tmp_path)


@pytest.mark.root
def test_a_folder_that_cannot_be_listed_is_said_and_the_others_are_watched(bench, tmp_path):
    bench.order(montage=True)
    (bench.raw / "notes.mov").write_bytes(b"no clip at all")
    (bench.raw / "day2").mkdir()
    mounts = Bench(tmp_path)
    try:
        drive = FaultMount(mounts, "shuttle")
        drive.start(bench.raw / "day2")
        drive.set({"op": "readdir", "do": "EIO"})
        with Engine(bench.profile) as engine:
            folder = engine.watch(bench.root)
            assert not folder.run(once=True)
            state = folder.state()
    finally:
        mounts.close()
    assert state.trouble == f"{bench.raw / 'day2'} cannot be read: Input/output error."
    assert [one.file for one in state.failures] == ["notes.mov"]


@pytest.mark.root
@pytest.mark.soak
def test_a_drive_that_does_not_answer_does_not_keep_it_from_ending(bench, tmp_path):
    bench.order(montage=True, polling="always")
    (bench.raw / "day2").mkdir()
    mounts = Bench(tmp_path)
    try:
        drive = FaultMount(mounts, "share")
        drive.start(bench.raw / "day2")
        drive.set({"op": "readdir", "do": "hold"})
        process = bench.start()
        drive.wait_acted("hold")
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        said = process.stderr.readline()
        drive.set()  # the kernel does not let go of us before
        code = process.wait(60)
        process.communicate()
    finally:
        mounts.close()
    assert (code, said) == (1, f"{bench.root} did not answer, and was left as it is.\n")


def test_a_clip_that_trips_over_a_bug_does_not_stop_the_folder(bench, monkeypatch):
    bench.order(montage=True)
    for name in ("A.mov", "B.mov"):
        (bench.raw / name).write_bytes(b"no clip at all")
    with Engine(bench.profile) as engine:
        probe = engine.probe

        def trips(path):
            if path.name == "A.mov":
                raise RuntimeError("a bug")
            return probe(path)

        monkeypatch.setattr(engine, "probe", trips)
        folder = engine.watch(bench.root)
        assert not folder.run(once=True)
        words = {one.file: one.words for one in folder.state().failures}
    assert words["A.mov"] == "Internal error, see the log."
    assert "B.mov" in words["B.mov"]


def test_what_lands_is_made_into_what_was_ordered_once(bench, clip):
    bench.order(preview="keepsake", montage=True, proxies=["thumbnail"])
    day = bench.raw / "day 1"
    day.mkdir()
    shutil.copy(clip, day / "A.mov")
    shutil.copy(clip, day / "A.MP4")  # another clip of the same name
    (day / "notes.txt").write_text("no clip")
    (day / ".A.mov.part").write_bytes(b"being copied")
    shutil.copy(clip, day / "T001.mov")
    tone = ["-f", "lavfi", "-i", "sine=d=1", day / "T001.WAV"]  # its second system
    subprocess.run(["ffmpeg", "-v", "error", *tone], check=True, timeout=60)

    done = bench.once("--json")

    assert (done.returncode, done.stderr) == (0, "")
    assert bench.made() == [
        "montage/day 1/A_MP4.jpg",
        "montage/day 1/A_mov.jpg",
        "montage/day 1/T001.jpg",
        "preview/day 1/A_MP4.mkv",
        "preview/day 1/A_MP4.mkv.json",
        "preview/day 1/A_mov.mkv",
        "preview/day 1/A_mov.mkv.json",
        "preview/day 1/T001_WAV.mkv",
        "preview/day 1/T001_WAV.mkv.json",
        "preview/day 1/T001_mov.mkv",
        "preview/day 1/T001_mov.mkv.json",
    ]
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[-1]["done"] == 10
    left_out = {event["product"] for event in events if event.get("stage") == "left out"}
    assert left_out == {"montage", "proxies"}  # of sound
    assert events[-1]["left_out"] == 1
    jobs = bench.jobs()
    two_of_each = ["montage done", "proxy done", "transcode done"] * 3
    assert sorted(jobs) == sorted([*two_of_each, "transcode done"])
    before = {name: (bench.root / name).stat().st_mtime_ns for name in bench.made()}

    again = bench.once("--retry")

    assert (again.returncode, again.stdout) == (0, "")
    assert bench.jobs() == jobs
    assert {name: (bench.root / name).stat().st_mtime_ns for name in bench.made()} == before
    said = (bench.root / "log" / "reelkeep.log").read_text()
    assert "day 1/A.mov: preview done" in said
    assert "ffmpeg " in said  # the log of its jobs, too
    assert (day / "A.mov").read_bytes() == clip.read_bytes()


def test_what_is_newly_ordered_is_made_of_everything(bench, clip):
    bench.order(proxies=["thumbnail"])
    shutil.copy(clip, bench.raw)
    assert bench.once().returncode == 0
    bench.order(proxies=["thumbnail"], montage=True)
    assert bench.once().returncode == 0
    assert bench.made() == ["montage/A003C001.jpg"]
    assert bench.jobs() == ["proxy done", "montage done"]


def test_what_is_no_clip_is_said_once_and_does_not_stop_the_others(bench, clip):
    bench.order(montage=True)
    (bench.raw / "bad.mov").write_bytes(b"no clip at all")
    (bench.raw / "empty.mov").touch()
    os.mkfifo(bench.raw / "pipe.mov")
    shutil.copy(clip, bench.raw)

    done = bench.once()

    assert done.returncode == 1
    assert "bad.mov: probe failed" in done.stderr
    assert "empty.mov: probe failed" in done.stderr
    assert "empty.mov is empty." in done.stderr
    assert bench.made() == ["montage/A003C001.jpg"]
    again = bench.once()
    assert (again.returncode, again.stderr) == (0, "")
    assert "bad.mov: probe failed" in bench.once("--retry").stderr


@pytest.mark.parametrize("polling", ["never", "always"])
def test_a_file_that_lands_later_is_noticed_and_the_end_is_clean(bench, clip, polling):
    bench.order(montage=True, polling=polling, rescan_seconds=3600)
    process = bench.start()
    try:
        until((bench.root / "work" / "watch.jsonl").exists, "the watcher")
        (bench.raw / "later").mkdir()
        shutil.copy(clip, bench.raw / "later")
        until(lambda: "montage/later/A003C001.jpg" in bench.made(), "the contact sheet")
        until(lambda: '"done"' in (bench.root / "work" / "watch.jsonl").read_text(), "its line")
    finally:
        number = signal.SIGINT if polling == "never" else signal.SIGTERM
        code, out, err = end_by(process, number)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "Stopped. Nothing is left to be made."


def test_a_second_watcher_is_refused(bench):
    bench.order()
    process = bench.start()
    try:
        until((bench.root / "work" / "watch.jsonl").exists, "the watcher")
        second = bench.once()
    finally:
        end_by(process, signal.SIGTERM)
    assert second.returncode == 2
    assert "is being watched already." in second.stderr


@pytest.mark.parametrize("number", [seldom(signal.SIGTERM), seldom(signal.SIGINT), signal.SIGKILL])
def test_it_goes_on_behind_whatever_ended_it(bench, footage, number):
    bench.order(archive="slow")
    clip = footage.made("long.mov", *PRORES, "-c:a", "pcm_s24le", frames=300)
    shutil.copy(clip, bench.raw)
    process = bench.start()
    until(lambda: any(p.stat().st_size > 22_000 for p in runs(bench)), "some pictures")

    code, out, err = end_by(process, number)

    assert (code, err) == (-9 if number is signal.SIGKILL else 0, "")
    left = "Stopped. Left to be made: archive of long.mov. The next start goes on."
    assert (left in out.splitlines()) is (number is not signal.SIGKILL)
    assert bench.made() == []  # no name, no partial file
    again = bench.once()
    assert again.returncode == 0
    assert "long.mov: archive goes on where it was" in again.stdout.splitlines()
    assert numbers_of(bench.root / "archive" / "long.mkv") == list(range(300))
    sheet = json.loads((bench.root / "archive" / "long.mkv.json").read_text())
    assert sheet["streams"][0]["runs"] == 2
    assert bench.jobs() == ["transcode done"]
    assert sorted(path.name for path in (bench.root / "work").iterdir()) == [
        "watch.jsonl",
        "watch.lock",
    ]


def runs(bench: WatchBench) -> list[Path]:
    return list((bench.root / "work").glob("*/stream-0/run-*"))


# Waiting for a file


def test_a_file_that_is_open_to_write_is_waited_for(tmp_path):
    path = tmp_path / "growing.mov"
    script = "import sys; f = open(sys.argv[1], 'wb'); f.write(b'x'); f.flush(); print(); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        assert is_written(path)
        writer.communicate(b"\n", timeout=30)
    assert not is_written(path)
    with path.open("rb"):
        assert not is_written(path)  # whoever reads it does no harm


def test_a_writer_that_comes_at_the_very_moment_does_not_kill_us(tmp_path):
    path = tmp_path / "busy.mov"
    path.write_bytes(b"x")
    script = "import sys\nfor n in range(3000): open(sys.argv[1], 'ab').close()"
    with subprocess.Popen([sys.executable, "-c", script, path]) as writer:
        seen = set()
        while writer.poll() is None:
            seen.add(is_written(path))
    assert seen
    assert not is_written(path)


def test_a_file_that_may_not_be_read_is_not_waited_for(tmp_path):
    path = tmp_path / "a.mov"
    path.write_bytes(b"x")
    path.chmod(0o600)
    os.seteuid(65534)
    try:
        assert not is_written(path)
    finally:
        os.seteuid(0)


def test_a_file_that_is_held_open_is_named(bench, clip):
    bench.order(montage=True)
    shutil.copy(clip, bench.raw)
    with (bench.raw / "held.mov").open("wb") as writer:
        writer.write(b"x")
        writer.flush()
        process = bench.start()
        try:
            assert process.stdout is not None
            said = next(line for line in iter(process.stdout.readline, "") if "held.mov" in line)
        finally:
            end_by(process, signal.SIGTERM)
    assert said == "held.mov: still being written, waited for\n"


def test_a_file_that_grows_has_not_settled(tmp_path):
    path = tmp_path / "a.mov"
    path.write_bytes(b"")
    settling = Settling(quiet=0.2)

    def looked() -> Stamp | None:
        return settling.settled("a.mov", [path], Stamp.of(path))

    assert not looked()
    path.write_bytes(b"one")
    assert not looked()
    path.write_bytes(b"more")
    time.sleep(0.3)
    assert not looked()
    until(looked, "its time")


# Memory and order


def test_a_torn_line_counts_for_nothing(tmp_path):
    path = tmp_path / "watch.jsonl"
    entry = Entry(file="a.mov", size=1, changed=2, product="archive", stage=Stage.DONE)
    ledger = Ledger(path)
    ledger.open()
    ledger.add(entry)
    ledger.close()
    with path.open("a") as file:
        file.write('{"file": "b.mov", "si')  # the power went

    ledger = Ledger(path)
    ledger.open()
    ledger.add(Entry(file="c.mov", size=1, changed=2, product="archive", stage=Stage.FAILED))
    ledger.close()

    ledger = Ledger(path)
    ledger.open()
    ledger.close()
    assert [one.file for one in ledger.at(Stage.DONE)] == ["a.mov"]
    assert [one.file for one in ledger.at(Stage.FAILED)] == ["c.mov"]


def test_a_folder_that_was_not_made_for_it_is_refused(tmp_path):
    with pytest.raises(NotFound, match="is no watch folder"):
        read_order(tmp_path)


def test_folders_may_have_other_names(tmp_path):
    (tmp_path / FILE).write_text('[folders]\nraw = "Incoming/new"\nlog = "protocol"\n')
    order = init(tmp_path)
    assert order.raw == tmp_path / "Incoming" / "new"
    assert order.raw.is_dir()
    assert (tmp_path / "protocol").is_dir()
    assert not (tmp_path / "log").exists()
    assert (tmp_path / FILE).read_text().startswith("[folders]")  # what was written stays


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[folder]\n", 'nobody knows "folder". There are: folders, make, watch.'),
        ('[make]\narchiv = ""\n', 'nobody knows "make.archiv".'),
        ("[make]\nmontage = 1\n", "make.montage = 1 makes no sense."),
        ("[make]\nproxies = [1]\n", "make.proxies = [1] makes no sense."),
        ('[folders]\nraw = "../out"\n', '"../out" is no folder below this one.'),
        ('[folders]\nraw = "a"\nwork = "a/b"\n', '"a/b" lies in another one, or is the same.'),
        ('[watch]\npolling = "often"\n', "watch.polling is one of: auto, always, never."),
        ("[watch]\nquiet_seconds = 0\n", "watch.quiet_seconds is from 1 to 86400."),
        ("[make\n", "cannot be read"),
    ],
)
def test_an_order_that_makes_no_sense_names_the_key(tmp_path, text, words):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(BadInput) as error:
        read_order(tmp_path)
    assert words in error.value.message
    assert str(tmp_path / FILE) in error.value.message
