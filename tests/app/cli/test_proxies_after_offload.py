"""Proxies that an offload asks for: made once the copies are proven, and from the copies."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from clip_bench import H264, PICTURE, SOUND, Clips
from proxy_bench import shown_by_ffprobe

from app.engine import Engine


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    """Makes clips."""
    return Clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture
def card(clips: Clips, tmp_path: Path) -> Path:
    """A reel of one clip and some sound."""
    reel = tmp_path / "card" / "A003"
    reel.mkdir(parents=True)
    clip = clips("clip.mov", *H264, "-c:a", "pcm_s16le", inputs=(*PICTURE, *SOUND))
    shutil.copy(clip, reel / "A003C001.mov")
    shutil.copy(clips("sound.wav", inputs=SOUND), reel / "T001.wav")
    return reel


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    made = (tmp_path / "one", tmp_path / "two")
    for place in made:
        place.mkdir()
    return made


def test_they_go_to_the_cache_and_the_verdict_comes_first(reelkeep, card, places, profile):
    answer = reelkeep(
        "offload", card, "--to", places[0], "--wanted-copies", 1, "--proxies", "thumbnail,preview"
    )
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    verdict = lines.index("Offload A003: SAFE TO FORMAT. Proxies are made now.")
    done = next(
        n for n, line in enumerate(lines) if "Proxies of A003 (thumbnail, preview), running" in line
    )
    assert verdict < done
    assert lines[-1].startswith("SAFE TO FORMAT")
    with Engine(profile) as engine:
        copy = places[0] / "A003" / "A003C001.mov"
        names = {proxy.name for proxy in engine.proxies.versions(copy)}
    assert names == {"preview-180", "thumbnail"}


def test_a_drive_gets_its_own_beside_its_copy_which_stays_as_it_was(reelkeep, card, places):
    answer = reelkeep(
        *("offload", card, "--to", places[0], "--to", f"{places[1]},proxies=preview+editorial"),
        *("--wanted-copies", 1),
    )
    assert answer.code == 0, answer.err
    made = places[1] / "Proxies" / "A003"
    assert shown_by_ffprobe(made / "preview-180" / "A003C001.mp4").frames == 25
    assert shown_by_ffprobe(made / "editorial" / "A003C001.mov").frames == 25
    assert not (places[0] / "Proxies").exists()
    verified = reelkeep("verify", places[1] / "A003")
    assert verified.out.splitlines()[-1].endswith("nothing differs.")


def test_a_dry_run_says_what_would_be_made(reelkeep, card, places):
    answer = reelkeep(
        *("offload", card, "--to", f"{places[0]},proxies=editorial", "--proxies", "thumbnail"),
        "--dry-run",
    )
    assert "  proxies   thumbnail  into the cache" in answer.out
    assert f"  proxies   editorial  {places[0] / 'Proxies' / 'A003'}" in answer.out


def test_what_a_drive_and_the_cache_get_of_one_copy_comes_from_one_decode(
    reelkeep, card, places, profile
):
    order = ("offload", card, "--to", f"{places[0]},proxies=editorial", "--wanted-copies", 1)
    wishes = (*order, "--proxies", "thumbnail,preview")
    planned = reelkeep(*wishes, "--dry-run").out.splitlines()
    assert "  proxies   thumbnail, preview  into the cache, from the same decode" in planned

    answer = reelkeep(*wishes)

    assert answer.code == 0, answer.err
    made = places[0] / "Proxies" / "A003"
    done = [line for line in answer.out.splitlines() if ": done in " in line]
    assert len(done) == 1
    assert done[0].startswith("Proxies of A003 (editorial, thumbnail, preview), job ")
    assert done[0].endswith(f": done in {made} and {profile / 'proxies'}")
    assert shown_by_ffprobe(made / "editorial" / "A003C001.mov").frames == 25
    with Engine(profile) as engine:
        kept = engine.proxies.versions(places[0] / "A003" / "A003C001.mov")
    assert {proxy.name for proxy in kept} == {"editorial", "preview-180", "thumbnail"}


def test_an_offload_that_fails_has_none_and_keeps_its_exit_code(reelkeep, card, places):
    taken = places[0] / "A003"
    taken.mkdir()
    (taken / "A003C001.mov").write_text("another film")
    answer = reelkeep("offload", card, "--to", places[0], "--proxies", "thumbnail", "--json")
    assert answer.code == 1
    (offload,) = answer.result["jobs"]
    assert not offload["safe"]


def test_proxies_that_fail_take_nothing_from_the_verdict(reelkeep, card, places):
    (card / "A003C002.mov").write_bytes((card / "A003C001.mov").read_bytes()[:20000])
    answer = reelkeep(
        *("offload", card, "--to", places[0], "--wanted-copies", 1, "--proxies", "thumbnail"),
        "--json",
    )
    assert answer.code == 1
    offload, proxies = answer.result["jobs"]
    assert answer.result["safe"]
    assert offload["safe"]
    assert "A003C002.mov" in proxies["error"]


def test_they_cannot_lie_among_the_cards_files(reelkeep, card, places):
    answer = reelkeep("offload", card, "--to", f"{places[0]},name={{clip}},proxies=preview")
    assert answer.code == 2
    assert "would lie among the card's own files" in answer.err
