"""`reelkeep offload`: what is asked, what is planned, what is said at the end."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from drive import Drive
from fault_mount import FaultMount
from offload_bench import MB, SMALL_CARD, leftovers, make_card, tree

from app.cli.offload_order import Order, destination
from app.errors import BadInput, NotFound
from app.integrity.hashing import HashKind
from app.places.volumes import volume_of
from app.settings import Settings

CARD = {"CLIPS/A003C001.mov": 5 * MB, "CLIPS/A003C001.xml": b"<clip/>", ".DS_Store": b"strewn"}


@pytest.fixture
def card(tmp_path: Path) -> Path:
    return make_card(tmp_path / "cards" / "A003", CARD)


def test_one_verified_copy_that_was_asked_for_makes_the_card_safe(reelkeep, card, tmp_path):
    answer = reelkeep("offload", card, "--to", tmp_path / "a", "--wanted-copies", 1)

    assert answer.code == 0
    assert answer.out.splitlines()[-1] == "SAFE TO FORMAT"
    assert answer.err == ""
    assert tree(tmp_path / "a" / "A003") == tree(card, without=(".DS_Store",))
    assert "ignored   .DS_Store" in answer.out
    assert not leftovers(tmp_path)


def test_too_few_copies_end_with_keep_and_say_why(reelkeep, card, tmp_path):
    answer = reelkeep("offload", card, "--to", tmp_path / "a", "--to", tmp_path / "b")

    assert answer.code == 0
    assert answer.out.splitlines()[-1] == "KEEP, 1 of 2 copies verified"
    assert "2 files are verified on 1 of 2 devices" in answer.out


def test_json_ends_with_a_result_that_holds_verdict_destinations_and_report(
    reelkeep, card, tmp_path
):
    answer = reelkeep(
        "offload", card, "--to", tmp_path / "a", "--to", f"{tmp_path / 'b'},noflush", "--json"
    )
    (job,) = answer.result["jobs"]
    first, second = job["destinations"]

    assert [event["event"] for event in answer.events[:2]] == ["plan", "progress"]
    assert (answer.result["event"], answer.result["exit_code"]) == ("result", 0)
    assert (answer.result["safe"], answer.result["verdict"]) == (
        False,
        "KEEP, 1 of 2 copies verified",
    )
    assert (first["state"], first["verified"], first["safe_to_eject"]) == ("done", 2, True)
    assert (second["flushed"], second["verified"], second["safe_to_eject"]) == (False, 0, False)
    assert Path(job["report"]).exists()
    assert [Path(manifest).exists() for manifest in job["manifests"]] == [True, True]


def test_a_dry_run_shows_the_plan_and_writes_nothing(reelkeep, card, tmp_path):
    answer = reelkeep("offload", card, "--to", tmp_path / "a", "--dry-run", "--json")

    assert answer.code == 0
    assert answer.result["dry_run"] is True
    assert answer.events[0]["destinations"][0]["root"] == str(tmp_path / "a" / "A003")
    assert not (tmp_path / "a").exists()


def test_if_one_card_is_refused_none_is_copied(reelkeep, card, tmp_path):
    other = make_card(tmp_path / "cards" / "A004", {"A004C001.mov": 1000})
    answer = reelkeep("offload", card, other, "--to", tmp_path / "a", "--to", other / "inside")

    assert answer.code == 2
    assert f"{other / 'inside'} lies inside the card" in answer.err
    assert answer.err.endswith("Nothing was copied.\n")
    assert not (tmp_path / "a").exists()
    assert reelkeep("jobs", "--json").result["jobs"] == 0


def test_several_cards_become_a_job_each_and_the_last_lines_are_their_verdicts(
    reelkeep, card, tmp_path
):
    other = make_card(tmp_path / "cards" / "A004", {"A004C001.mov": 1000})
    answer = reelkeep(
        "offload", card, other, "--to", tmp_path / "a", "--wanted-copies", 1,
        "--name", "{roll}_{counter:2}", "--counter", 7,
    )  # fmt: skip

    assert answer.code == 0
    assert answer.out.splitlines()[-2:] == ["A003: SAFE TO FORMAT", "A004: SAFE TO FORMAT"]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["A003_07", "A004_08"]


def test_two_cards_that_would_mix_in_one_folder_are_refused(reelkeep, tmp_path):
    cards = [make_card(tmp_path / unit / "A003", {"A003C001.mov": 1000}) for unit in ("main", "b")]
    answer = reelkeep("offload", *cards, "--to", tmp_path / "a")

    assert answer.code == 2
    assert "both hold A003C001.mov. Give each a folder of its own" in answer.err


def test_one_card_named_twice_is_refused(reelkeep, card, tmp_path):
    answer = reelkeep("offload", card, card.parent / "A003/.", "--to", tmp_path / "a")

    assert answer.code == 2
    assert "is named twice" in answer.err


@pytest.mark.root
def test_cards_that_fit_alone_but_not_together_are_refused(reelkeep, bench, tmp_path):
    drive = Drive(bench, "small", size=64)
    free = volume_of(drive.point).free - (18 << 20)
    cards = [make_card(tmp_path / n, {f"{n}C001.mov": free * 2 // 3}) for n in ("A003", "A004")]
    answer = reelkeep("offload", *cards, "--to", drive.point)

    assert answer.code == 2
    assert "SMALL is too small for 2 cards together" in answer.err
    assert reelkeep("offload", cards[0], "--to", drive.point, "--dry-run").code == 0


@pytest.mark.root
def test_a_failing_destination_is_named_and_the_exit_code_is_1(reelkeep, bench, card):
    good, bad = Drive(bench, "good"), FaultMount(bench, "bad")
    bad.set({"op": "write", "match": "*.part", "at": 2 * MB, "do": "EIO"})
    answer = reelkeep("offload", card, "--to", good.point, "--to", bad.point, "--json")
    (job,) = answer.result["jobs"]

    assert (answer.code, answer.result["ok"], answer.result["exit_code"]) == (1, False, 1)
    assert [place["state"] for place in job["destinations"]] == ["done", "failed"]
    assert "A003: Writing CLIPS/A003C001.mov to bad failed: Input/output error" in answer.err
    assert job["destinations"][1]["trouble"] in answer.err
    assert "A003: 2 files did not get to bad: CLIPS/A003C001.mov" in answer.err
    assert "went on" not in answer.err
    assert tree(good.point / "A003") == tree(card, without=(".DS_Store",))


def test_different_hashes_and_a_legacy_manifest_are_written_on_demand(reelkeep, card, tmp_path):
    answer = reelkeep(
        "offload", card, "--to", tmp_path / "a", "--hash", "md5", "--hash", "c4", "--legacy-mhl"
    )
    (manifest,) = (tmp_path / "a" / "A003" / "ascmhl").glob("*.mhl")

    assert answer.code == 0
    assert "<c4 " in manifest.read_text()
    assert "<md5 " in manifest.read_text()
    assert list((tmp_path / "a" / "A003").glob("*.mhl"))


def test_a_proxy_of_no_known_size_is_refused_before_anything_is_copied(reelkeep, card, tmp_path):
    answer = reelkeep("offload", card, "--to", tmp_path / "a", "--proxies", "preview,huge")
    assert answer.code == 2
    assert 'There is no recipe "huge".' in answer.err
    assert not (tmp_path / "a").exists()


def test_without_a_destination_nothing_is_guessed(reelkeep, card):
    answer = reelkeep("offload", card)

    assert answer.code == 2
    assert "at least one destination. Add --to DIR." in answer.err


def test_strange_names_are_copied_and_never_break_a_line(reelkeep, tmp_path):
    name = os.fsdecode(b"new\nline \xff \xf0\x9f\x8e\xac \"'.mov")
    card = make_card(tmp_path / os.fsdecode(b"A0\xff03"), {name: b"film"})
    answer = reelkeep("offload", card, "--to", tmp_path / "a", "--wanted-copies", 1, "--json")

    assert answer.code == 0
    assert answer.out.isascii()
    assert tree(Path(answer.result["jobs"][0]["destinations"][0]["path"])) == tree(card)


def test_what_failed_is_named_even_if_its_name_is_no_text(reelkeep, tmp_path):
    name = os.fsdecode(b"clip \xff.mov")
    card = make_card(tmp_path / "A003", {name: b"film", "other.mov": b"more"})
    make_card(tmp_path / "a" / "A003", {name: b"another"})
    answer = reelkeep("offload", card, "--to", tmp_path / "a", "--wanted-copies", 1)

    assert answer.code == 1
    assert "A different file named clip \\udcff.mov lies on" in answer.err
    assert (tmp_path / "a" / "A003" / name).read_bytes() == b"another"
    assert (tmp_path / "a" / "A003" / "other.mov").read_bytes() == b"more"


# What was asked


def settings(tmp_path: Path, **values: object) -> Settings:
    return Settings.load(
        tmp_path / "settings.toml",
        site=tmp_path / "no site",
        overrides={name.replace("__", "."): value for name, value in values.items()},
    )


def test_options_after_the_folder_are_taken_off_and_commas_in_names_stay(tmp_path):
    (tmp_path / "a, b").mkdir()
    made = destination(f"{tmp_path}/a, b,noflush,only=sound,only=*.xml,name={{date}},stage=2")

    assert made.path == tmp_path / "a, b"
    assert (made.flush, made.only, made.template, made.stage) == (
        False,
        ("sound", "*.xml"),
        "{date}",
        2,
    )


def test_a_folder_that_is_really_called_like_an_option_is_that_folder(tmp_path):
    (tmp_path / "rushes,noflush").mkdir()

    assert destination(f"{tmp_path}/rushes,noflush").flush is True
    assert destination(f"{tmp_path}/rushes,noflush,noflush").flush is False


def test_a_new_folder_below_one_with_a_comma_in_its_name_can_be_chosen(tmp_path):
    (tmp_path / "Smith, John").mkdir()
    made = destination(f"{tmp_path}/Smith, John/Day12,noflush")

    assert (made.path, made.flush) == (tmp_path / "Smith, John" / "Day12", False)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("bogus", '"bogus" is no option'),
        ("only=", '"only=" is not complete; it looks like only=sound'),
        ("stage=x", '"stage=x" is not complete; it looks like stage=1'),
        ("noflush=1", '"noflush=1" is not complete; it looks like noflush'),
        ("noflush,fast", '"fast" is no option'),
        ("fast,noflush", '"fast" is no option'),
        ("", '"" is no option'),
    ],
)
def test_what_is_no_option_behind_a_comma_is_refused_and_makes_no_folder(
    reelkeep, card, tmp_path, option, said
):
    answer = reelkeep("offload", card, "--to", f"{tmp_path / 'a'},{option}")

    assert answer.code == 2
    assert said in answer.err
    assert sorted(path.name for path in tmp_path.iterdir() if path.name[0] == "a") == []


@pytest.mark.parametrize("place", ["/proc/nope", "{card}/reports", "{card}/.DS_Store"])
def test_a_report_that_cannot_be_written_is_refused_before_anything_is_copied(
    reelkeep, card, tmp_path, place
):
    folder = place.format(card=card)
    answer = reelkeep("offload", card, "--to", tmp_path / "a", "--report", folder)

    assert answer.code == 2
    assert answer.err.startswith(f"The report cannot be written to {folder}: ")
    assert "Choose another folder" in answer.err
    assert not (tmp_path / "a").exists()


def test_a_report_that_fails_after_the_copy_is_said_with_advice_and_the_verdict_stands(
    reelkeep, card, tmp_path, bench
):
    full = bench.ext4("full", "FULL")
    (full / "r").mkdir()
    with (full / "fill").open("wb", 0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass
    answer = reelkeep(
        "offload", card, "--to", tmp_path / "a", "--wanted-copies", 1, "--report", full / "r"
    )

    assert answer.code == 1
    assert "No room for the report" in answer.err
    assert "The copies are not concerned. `reelkeep jobs report " in answer.err
    assert "Errno" not in answer.err
    assert answer.out.splitlines()[-1] == "SAFE TO FORMAT"


def test_the_command_line_beats_the_preset_and_the_preset_beats_the_settings(tmp_path):
    raid, shuttle = tmp_path / "raid", tmp_path / "shuttle"
    raid.mkdir()
    shuttle.mkdir()
    preset = {
        "name": "Day",
        "choices": {"hashes": ["c4"], "verify": "read-back", "wanted_copies": 3},
        "destinations": [{"path": str(raid)}, {"path": str(shuttle), "flush": False}],
    }
    known = settings(
        tmp_path,
        offload__presets=[preset],
        offload__wanted_copies=4,
        offload__rollover_hour=4,
        project__unit="Second",
    )
    order = Order(
        sources=(tmp_path,), preset="Day", choices={"verify": "source"}, ignore=("*.tmp",)
    )
    (spec,) = order.specs(known)

    assert spec.hashes == (HashKind.C4,)
    assert (spec.verify, spec.wanted_copies, spec.rollover_hour) == ("source", 3, 4)
    assert [(d.path, d.flush) for d in spec.destinations] == [(raid, True), (shuttle, False)]
    assert ".DS_Store" in spec.ignore
    assert spec.ignore[-1] == "*.tmp"
    assert (spec.preset, spec.extra) == ("Day", (("Unit", "Second"),))


@pytest.mark.root
def test_a_preset_whose_drive_is_not_mounted_is_refused_by_name(reelkeep, bench, card, tmp_path):
    here, gone = Drive(bench, "here"), Drive(bench, "gone")
    places = [{"path": str(here.point)}, {"path": str(gone.point)}]
    known = Settings.load(tmp_path / "profile" / "settings.toml")
    known.set("offload.presets", [{"name": "Main unit", "destinations": places}])
    assert reelkeep("offload", card, "--preset", "Main unit", "--dry-run").code == 0
    gone.pull()
    gone.point.rmdir()
    answer = reelkeep("offload", card, "--preset", "Main unit")

    assert answer.code == 2
    said = f'The preset "Main unit" goes to {gone.point}: gone is not there. Connect its drive'
    assert said in answer.err
    assert not gone.point.exists()


def test_an_unknown_preset_is_refused_with_those_there_are(tmp_path):
    known = settings(tmp_path, offload__presets=[{"name": "Day"}])

    with pytest.raises(NotFound, match="There are: Day"):
        Order(sources=(tmp_path,), preset="Night").specs(known)


def test_a_preset_that_makes_no_sense_is_refused(tmp_path):
    known = settings(tmp_path, offload__presets=[{"name": "Day", "choices": {"hashes": ["crc"]}}])

    with pytest.raises(BadInput, match="holds something that makes no sense"):
        Order(sources=(tmp_path,), destinations=("/a",), preset="Day").specs(known)


def test_a_cascade_goes_through_the_drives_in_the_order_given(tmp_path):
    order = Order(sources=(tmp_path,), destinations=("/a", "/b", "/c"), cascade=True)
    (spec,) = order.specs(settings(tmp_path))

    assert [d.stage for d in spec.destinations] == [0, 1, 2]


def test_a_drive_with_a_filter_of_its_own_keeps_it(tmp_path):
    order = Order(sources=(tmp_path,), destinations=("/a", "/b,only=sound"), only=("camera",))
    (spec,) = order.specs(settings(tmp_path))

    assert [d.only for d in spec.destinations] == [("camera",), ("sound",)]


def test_a_cascade_on_the_command_line_copies_on_from_the_first_drive(reelkeep, card, tmp_path):
    answer = reelkeep(
        "offload", card, "--to", tmp_path / "a", "--to", tmp_path / "b", "--cascade",
        "--wanted-copies", 1,
    )  # fmt: skip

    assert answer.code == 0
    assert tree(tmp_path / "b" / "A003") == tree(card, without=(".DS_Store",))


# Signals


@pytest.fixture
def held(bench, tmp_path: Path):
    """An offload in a process of its own, held by its card in the middle of a clip."""
    mount = FaultMount(bench, "A003")
    make_card(mount.backing, SMALL_CARD)
    mount.set({"op": "read", "match": "*C002.mov", "at": 3 * MB, "do": "hold"})
    command = [sys.executable, "-m", "app", "--profile", tmp_path / "profile", "--json"]
    command += ["offload", mount.point, "--to", tmp_path / "a", "--wanted-copies", "1"]
    process = subprocess.Popen(
        [os.fspath(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    try:
        mount.wait_acted("hold")
        yield mount, process
    finally:
        mount.set()
        process.kill()
        process.communicate()


def ended_by(process: subprocess.Popen, mount: FaultMount, number: signal.Signals):
    process.send_signal(number)
    told = process.stderr.readline()  # it was heard before the card goes on
    mount.set()
    out, err = process.communicate(timeout=60)
    return json.loads(out.splitlines()[-1]), told + err


@pytest.mark.root
def test_ctrl_c_cancels_at_a_safe_point(held, tmp_path):
    mount, process = held
    result, err = ended_by(process, mount, signal.SIGINT)

    assert process.returncode == 130
    assert result["exit_code"] == 130
    assert result["jobs"][0]["state"] == "cancelled"
    assert "Cancelled. What is confirmed stays." in err
    assert not list((tmp_path / "a").rglob("*.part"))


@pytest.mark.root
def test_a_shutdown_interrupts_and_jobs_resume_finishes_the_card(held, tmp_path, reelkeep):
    mount, process = held
    result, err = ended_by(process, mount, signal.SIGTERM)
    job = result["jobs"][0]

    assert process.returncode == 130
    assert job["state"] == "interrupted"
    assert f"`reelkeep jobs resume {job['job']}` goes on with it." in err

    answer = reelkeep("jobs", "resume")
    copy = next((tmp_path / "a").iterdir())

    assert answer.code == 0
    assert answer.out.splitlines()[-1] == "SAFE TO FORMAT"
    assert tree(copy) == tree(mount.backing)
    assert not leftovers(tmp_path / "a")


@pytest.mark.root
def test_a_filter_that_fits_nothing_and_a_copy_read_through_the_cache_are_said(
    reelkeep, bench, card
):
    good, cached = Drive(bench, "good"), FaultMount(bench, "cached")
    answer = reelkeep("offload", card, "--to", f"{cached.point},only=sound", "--dry-run")
    assert f"No file of the card fits the filter of {cached.point.name} (sound)" in answer.out
    odd = reelkeep("offload", card, "--to", cached.point, "--name", "{counter:x}")
    assert (odd.code, "has {counter:x}, which is no token." in odd.err) == (2, True)

    answer = reelkeep("offload", card, "--to", good.point, "--to", cached.point)
    assert "; 2 files verified through the cache, which does not count" in answer.out
