"""`reelkeep cards` as people and scripts see it."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli.cards import cards_command


@pytest.fixture
def red(tmp_path: Path) -> Path:
    root = tmp_path / "A003"
    for number in (1, 2, 4):
        part = root / f"A003_1120K4.RDM/A003_C001_1120AB.RDC/A003_C001_1120AB_{number:03d}.R3D"
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(os.urandom(500))
    return root


def test_a_folder_is_shown_with_roll_camera_clips_and_findings(red: Path) -> None:
    result = CliRunner().invoke(cards_command, [str(red)])

    assert result.exit_code == 0
    assert "A003  RED" in result.output
    assert "1 clip, 3 files, 1.5 kB" in result.output
    assert "A003_C001 has no _003.R3D." in result.output


def test_json_gives_an_object_per_card_and_a_result_last(red: Path, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    strange = os.fsdecode(b"new\nline \xff \xf0\x9f\x8e\xac.mov")
    (tmp_path / "plain" / strange).write_bytes(b"12345")
    result = CliRunner().invoke(cards_command, [str(red), str(tmp_path / "plain"), "--json"])
    lines = [json.loads(line) for line in result.output.splitlines()]

    assert result.exit_code == 0
    assert result.output.isascii()
    assert [line["event"] for line in lines] == ["card", "card", "result"]
    assert (lines[0]["roll"], lines[0]["structure"]) == ("A003", "red")
    assert lines[0]["clips"][0]["missing"] == ["A003_C001_1120AB_003.R3D"]
    assert lines[1]["clips"][0]["name"] == strange.removesuffix(".mov")
    assert lines[2]["cards"] == 2


def test_strange_names_are_shown_on_one_line(tmp_path: Path) -> None:
    root = tmp_path / os.fsdecode(b"two\nlines \xff")
    root.mkdir()
    result = CliRunner().invoke(cards_command, [str(root)])

    assert result.exit_code == 0
    assert "two\\nlines \\xff  Folder" in result.output


@pytest.fixture
def card_volume(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        pytest.skip("needs root and mkfs.ext4 for a loop mount")
    image, mount_point = tmp_path / "card.img", tmp_path / "card"
    mount_point.mkdir()
    with image.open("wb") as opened:
        opened.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-qF", "-L", "A003", image], check=True)
    mounted = subprocess.run(
        ["mount", "-o", "loop", image, mount_point], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"no loop mount here: {os.fsdecode(mounted.stderr).strip()}")
    try:
        yield mount_point
    finally:
        subprocess.run(["umount", mount_point], check=True)


@pytest.mark.root
def test_without_a_path_the_mounted_cards_are_shown(card_volume: Path, red: Path) -> None:
    shutil.copytree(red, card_volume, dirs_exist_ok=True)
    result = CliRunner().invoke(cards_command, ["--json"])
    cards = [json.loads(line) for line in result.output.splitlines()[:-1]]
    ours = [card for card in cards if card["root"] == str(card_volume)]

    assert result.exit_code == 0
    assert [(card["structure"], card["roll"], len(card["clips"])) for card in ours] == [
        ("red", "A003", 1)
    ]


@pytest.mark.root
def test_a_card_mounted_read_only_is_recognised(card_volume: Path, red: Path) -> None:
    shutil.copytree(red, card_volume, dirs_exist_ok=True)
    subprocess.run(["mount", "-o", "remount,ro", card_volume], check=True)
    result = CliRunner().invoke(cards_command, [str(card_volume)])

    assert result.exit_code == 0
    assert "A003  RED" in result.output


def test_a_path_that_is_not_there_is_bad_usage(tmp_path: Path) -> None:
    result = CliRunner().invoke(cards_command, [str(tmp_path / "gone")])

    assert result.exit_code == 2
    assert "gone" in result.output
