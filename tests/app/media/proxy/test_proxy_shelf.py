"""What the cache remembers, and what has to go when it grows too large."""

from __future__ import annotations

import os
from pathlib import Path, PurePath

import proxy_sources
import pytest
from fault_mount import FaultMount
from offload_bench import wait_for

from app.engine import Engine
from app.jobs.snapshot import JobState
from app.media.facts.folder import clips_below
from app.media.facts.stamp import Stamp
from app.media.products.names import names_of
from app.media.products.partial import part_of
from app.media.products.sources import source_of
from app.media.proxy.recipes import ProxySize, recipe_named
from app.media.proxy.room import Tidied, tidy
from app.media.proxy.shelf import ProxyShelf
from app.media.proxy.spec import KeptProxy, ProxySpec
from app.places.online import is_online


@pytest.fixture
def shelf(tmp_path: Path) -> ProxyShelf:
    return ProxyShelf(tmp_path / "cache")


def kept(shelf: ProxyShelf, source: Path, size: int, *, used: int, to: Path | None = None) -> Path:
    """A proxy of so many bytes, looked at *used* seconds after the first one."""
    if not source.exists():
        source.write_text("film")
    place = to or shelf.place(source)
    place.mkdir(parents=True, exist_ok=True)
    path = place / "preview-360.mp4"
    path.write_bytes(bytes(size))
    proxy = KeptProxy(
        name="preview-360", size=ProxySize.PREVIEW, path=path, width=640, height=360, frames=1,
        bytes=size, changed=path.stat().st_mtime_ns, peak=1, digest="d", way="libx264",
    )  # fmt: skip
    shelf.remember(source, Stamp.of(source), [proxy])
    moment = 1_700_000_000 + used
    os.utime(shelf.place(source) / "clip.json", (moment, moment))
    return path


def tidied(shelf: ProxyShelf, limit: int, *, dry_run: bool = False) -> Tidied:
    return tidy(shelf.folder, limit, lambda _: False, dry_run=dry_run)


def test_the_least_recently_used_go_first(shelf, tmp_path):
    old = kept(shelf, tmp_path / "a.mov", 300, used=1)
    fresh = kept(shelf, tmp_path / "b.mov", 300, used=3)
    middle = kept(shelf, tmp_path / "c.mov", 300, used=2)
    shown = tidied(shelf, 400, dry_run=True)
    assert [proxy.path for proxy in shown.gone] == [old, middle]
    assert (shown.before, shown.after) == (900, 300)
    assert old.exists()
    assert tidied(shelf, 400) == shown
    assert [path.exists() for path in (old, middle, fresh)] == [False, False, True]
    assert not shelf.place(tmp_path / "a.mov").exists()
    assert tidied(shelf, 400).gone == ()


def test_using_one_keeps_it(shelf, tmp_path):
    first = kept(shelf, tmp_path / "a.mov", 300, used=1)
    second = kept(shelf, tmp_path / "b.mov", 300, used=2)
    shelf.used(tmp_path / "a.mov")
    tidied(shelf, 300)
    assert (first.exists(), second.exists()) == (True, False)


@pytest.mark.parametrize("job", [JobState.RUNNING, JobState.QUEUED, JobState.INTERRUPTED])
def test_a_clip_whose_proxies_are_being_made_keeps_its_folder(tmp_path, job):
    with Engine(tmp_path / "profile") as engine:
        old = kept(engine.proxies.shelf, tmp_path / "a.mov", 300, used=1)
        spec = ProxySpec(files=(tmp_path / "a.mov",), recipes=(recipe_named("editorial"),))
        made_by = engine.submit(spec)
        part = part_of(old.with_name("editorial.mov"), made_by)
        part.write_bytes(b"some hours of work")
        engine.proxies._journal.set_state(made_by, job)
        engine.settings.set("proxies.limit", "0")
        engine.proxies.tidy()
        assert [old.exists(), part.exists()] == [job is not JobState.INTERRUPTED] * 2


def test_what_belongs_to_no_clip_counts_and_goes_before_anything_else(shelf, tmp_path):
    proxy = kept(shelf, tmp_path / "a.mov", 300, used=1)
    half, before = part_of(proxy, "DEAD"), proxy.with_name("editorial.mov")
    for path in (half, before):
        path.write_bytes(bytes(100))
    shown = tidied(shelf, 1000, dry_run=True)
    assert (shown.before, shown.after, shown.gone) == (500, 300, ())
    assert {one.path for one in shown.remains} == {half, before}
    assert half.exists()
    assert tidied(shelf, 1000) == shown
    assert [path.exists() for path in (half, before, proxy)] == [False, False, True]


def test_proxies_of_a_damaged_record_count_and_go_first_when_there_is_no_room(shelf, tmp_path):
    lost = kept(shelf, tmp_path / "a.mov", 300, used=9)
    kept(shelf, tmp_path / "b.mov", 300, used=1)
    (lost.parent / "clip.json").write_text('{"source": ')
    assert tidied(shelf, 600).remains == ()
    assert [one.path for one in tidied(shelf, 599).remains] == [lost]
    assert not lost.parent.exists()


def test_a_cache_that_was_moved_keeps_what_is_in_it(shelf, tmp_path):
    proxy = kept(shelf, tmp_path / "a.mov", 300, used=1)
    (tmp_path / "a.mov").unlink()
    moved = shelf.folder.rename(tmp_path / "moved")
    shown = tidy(moved, 0, lambda _: False)
    assert (shown.pinned, shown.after) == (300, 300)
    assert (moved / proxy.relative_to(shelf.folder)).exists()


def test_a_partial_file_of_a_job_that_nobody_here_knows_stays_for_a_day(shelf, tmp_path):
    proxy = kept(shelf, tmp_path / "a.mov", 300, used=1)
    part = part_of(proxy, "OTHER")
    part.write_bytes(bytes(100))
    tidy(shelf.folder, 0, lambda _: None)
    assert proxy.exists()
    assert part.exists()
    os.utime(part, (1, 1))
    tidy(shelf.folder, 0, lambda _: None)
    assert not shelf.place(tmp_path / "a.mov").exists()


def test_files_that_are_not_ours_are_left_alone(shelf, tmp_path):
    kept(shelf, tmp_path / "a.mov", 300, used=1)
    other = shelf.folder / "no" / "notes.txt"
    other.parent.mkdir()
    other.write_text("mine")
    assert tidied(shelf, 0).before == 300
    assert other.exists()


def test_those_of_clips_that_are_offline_are_pinned(shelf, tmp_path):
    offline = kept(shelf, tmp_path / "a.mov", 300, used=1)
    here = kept(shelf, tmp_path / "b.mov", 300, used=2)
    (tmp_path / "a.mov").unlink()
    shown = tidied(shelf, 0)
    assert (shown.pinned, shown.after) == (300, 300)
    assert (offline.exists(), here.exists()) == (True, False)
    assert [proxy.path for proxy in shelf.versions(tmp_path / "a.mov")] == [offline]


@pytest.mark.root
def test_clips_on_a_drive_that_only_fails_are_offline(shelf, bench, tmp_path):
    drive = FaultMount(bench, "shuttle")
    offline = kept(shelf, drive.point / "a.mov", 300, used=1)
    here = kept(shelf, tmp_path / "b.mov", 300, used=2)
    drive.set({"op": "getattr", "match": "/a.mov", "do": "EIO"})
    wait_for(lambda: not is_online(drive.point / "a.mov"), "the kernel asks the drive again")
    assert [one.source for one in shelf.offline_below(drive.point)] == [drive.point / "a.mov"]
    assert [one.path for one in shelf.versions(drive.point / "a.mov")] == [offline]
    shown = tidied(shelf, 0)
    assert (shown.pinned, shown.after) == (300, 300)
    assert (offline.exists(), here.exists()) == (True, False)


def test_what_lies_in_other_folders_is_remembered_and_left_alone(shelf, tmp_path):
    source = tmp_path / "a.mov"
    elsewhere = kept(shelf, source, 100, used=1, to=tmp_path / "out")
    inside = kept(shelf, source, 200, used=1)
    assert {proxy.path for proxy in shelf.versions(source)} == {elsewhere, inside}
    assert [proxy.path for proxy in tidied(shelf, 0).gone] == [inside]
    assert [proxy.path for proxy in shelf.versions(source)] == [elsewhere]


def test_another_file_under_a_name_is_no_proxy(shelf, tmp_path):
    source = tmp_path / "a.mov"
    path = kept(shelf, source, 100, used=1)
    path.write_bytes(bytes(101))
    assert shelf.versions(source) == ()


def test_a_clip_that_is_another_one_now_has_no_proxies(shelf, tmp_path):
    source = tmp_path / "a.mov"
    kept(shelf, source, 100, used=1)
    source.write_text("another film")
    assert shelf.versions(source) == ()


@pytest.mark.parametrize("change", ["rendered again", "older than before", "one more"])
def test_another_picture_anywhere_in_a_row_is_another_clip(shelf, tmp_path, change):
    first = proxy_sources.row(tmp_path / "A001")
    row = source_of(first)
    proxy = kept(shelf, first, 100, used=1)
    record = shelf.record(first)
    shelf.remember(first, record.stamp, record.proxies, whole=Stamp.of_all(row.files))
    (before,) = clips_below(first.parent).clips
    assert [one.path for one in shelf.versions(first)] == [proxy]
    assert before.stamp == Stamp.of_all(row.files).text
    tenth = row.files[10]
    if change == "one more":
        row.files[-1].with_name("A001.0086430.dpx").write_bytes(tenth.read_bytes())
    else:
        os.utime(tenth, (1, 1) if change == "older than before" else None)
    assert shelf.versions(first) == ()
    assert clips_below(first.parent).clips[0].stamp != before.stamp


def test_a_damaged_record_is_none(shelf, tmp_path):
    source = tmp_path / os.fsdecode(b"odd \xff.mov")
    kept(shelf, source, 100, used=1)
    assert len(shelf.versions(source)) == 1
    assert shelf.offline_below(tmp_path) == ()
    source.rename(tmp_path / "away.mov")
    assert [one.source for one in shelf.offline_below(tmp_path)] == [source]
    assert shelf.offline_below(tmp_path / "elsewhere") == ()
    (shelf.place(source) / "clip.json").write_text('{"source": ')
    assert shelf.versions(source) == ()
    assert shelf.offline_below(tmp_path) == ()


@pytest.mark.parametrize(
    ("sources", "names"),
    [
        (["/a/C1.mov", "/a/C2.mov"], ["C1", "C2"]),
        (["/v/A1/C1.mov", "/v/A2/C1.mov", "/v/A2/C2.mov"], ["A1/C1", "A2/C1", "C2"]),
        (["/a/C1.mov", "/a/C1.mxf"], ["C1_mov", "C1_mxf"]),
        (["/a/C1.mov", "/a/c1.mxf", "/b/C1.mov"], ["C1_mov", "c1_mxf", "C1"]),
        (["/v/A1/x/C1.mov", "/v/A2/x/c1.mov"], ["A1/x/C1", "A2/x/c1"]),
        (["/a/C1.mov", "/a/C1.mov"], ["C1"]),
    ],
)
def test_names_are_the_clips_own_and_never_shared(sources, names):
    found = names_of({Path(source): Path(source).stem for source in sources})
    assert list(found.values()) == [PurePath(name) for name in names]
    assert len({str(name).casefold() for name in found.values()}) == len(found)
