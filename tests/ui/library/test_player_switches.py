"""What a person marked and wishes holds, whatever a clip is played from just now."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from library_bench import number_seen, settled
from numbered_clips import PRORES, X264, NumberedClips, number_in
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.media.proxy.recipes import ProxySize
from app.media.proxy.spec import KeptProxy
from ui.panes.library import LibraryPane

Key = Qt.Key


@pytest.fixture
def previewed(pane: LibraryPane, shelf: Path, numbered: NumberedClips, tmp_path: Path, qtbot):
    """The first clip has a preview of 90 lines and is in the player."""
    made = numbered.once(
        "preview90.mp4",
        lambda path: numbered.encode(path, f"-vf scale=-2:90 {X264} -g 12"),
    )
    path = Path(shutil.copy(made, tmp_path / "preview90.mp4"))
    stat = path.stat()
    preview = KeptProxy(
        name="preview-90", size=ProxySize.PREVIEW, path=path, width=160, height=90, frames=120,
        bytes=stat.st_size, changed=stat.st_mtime_ns, peak=1, digest="x", way="libx264",
    )  # fmt: skip
    pane.bridge.engine.proxies.known[shelf / "A003C001.mov"] = (preview,)
    pane.show_folder(shelf)
    qtbot.waitUntil(lambda: settled(pane), timeout=30_000)
    return pane


def test_what_is_kept_is_looped_in_another_version_too(previewed, qtbot):
    player = previewed.player
    for number, key in ((30, Key.Key_I), (37, Key.Key_O)):
        player.show(number)
        qtbot.waitUntil(lambda: settled(previewed), timeout=30_000)
        QTest.keyClick(previewed.table, key)
    QTest.keyClick(previewed.table, Key.Key_R)
    player.play_from(player.clip.versions[1])
    qtbot.waitUntil(lambda: settled(previewed), timeout=30_000)
    numbers = []
    player.picture_changed.connect(lambda: numbers.append(player.number))
    QTest.keyClick(previewed.table, Key.Key_L)
    qtbot.waitUntil(lambda: len(numbers) > 24, timeout=30_000)
    QTest.keyClick(previewed.table, Key.Key_K)
    assert set(numbers) == set(range(30, 38))


@pytest.mark.parametrize("key", [Key.Key_K, Key.Key_Space, Key.Key_Home])
def test_who_stops_it_while_another_version_opens_has_it_stand(key, previewed, qtbot):
    player = previewed.player
    QTest.keyClick(previewed.table, Key.Key_L)
    qtbot.waitUntil(lambda: player.number > 5, timeout=30_000)
    player.play_from(player.clip.versions[1])
    speeds = []
    player.changed.connect(lambda: speeds.append(player.speed))
    QTest.keyClick(previewed.table, key)
    qtbot.waitUntil(lambda: player.frames > 0 and settled(previewed), timeout=30_000)
    assert set(speeds) == {0}
    assert player.number < 119


def test_who_starts_it_while_another_version_opens_has_it_play(previewed, qtbot):
    player = previewed.player
    player.play_from(player.clip.versions[1])
    QTest.keyClick(previewed.table, Key.Key_L)
    QTest.keyClick(previewed.table, Key.Key_L)
    qtbot.waitUntil(lambda: player.speed == 2, timeout=30_000)
    player.play_from(player.clip.versions[0])
    QTest.keyClick(previewed.table, Key.Key_J)
    qtbot.waitUntil(lambda: player.speed == -1, timeout=30_000)
    QTest.keyClick(previewed.table, Key.Key_K)
    qtbot.waitUntil(lambda: settled(previewed), timeout=30_000)


def test_a_still_is_taken_from_the_original_though_a_preview_is_played(
    previewed, shelf, tmp_path, qtbot
):
    player, said = previewed.player, []
    previewed.said.connect(said.append)
    player.show(41)
    player._choice.heavy = True
    player.play_by_itself()
    qtbot.waitUntil(lambda: settled(previewed), timeout=30_000)
    assert previewed.panel.player.view.badge == "preview 90, original too heavy here"
    previewed.deeds.write_frame(tmp_path / "stills")
    qtbot.waitUntil(lambda: bool(said), timeout=30_000)
    (shelf / "A003C001.mov").rename(tmp_path / "away.mov")
    player.look_for_original()
    qtbot.waitUntil(lambda: not player.clip.versions[0].online, timeout=30_000)
    previewed.deeds.write_frame(tmp_path / "stills")
    qtbot.waitUntil(lambda: len(said) == 2, timeout=30_000)
    whole, small = "A003C001_01-00-01-16.png", "A003C001_preview-90_01-00-01-16.png"
    assert said == [f"Saved {whole}.", f"Saved {small} from preview 90: original offline."]
    for name, size in ((whole, (320, 180)), (small, (160, 90))):
        with Image.open(tmp_path / "stills" / name) as image:
            assert image.size == size
            assert number_in(np.asarray(image.convert("L"))) == 41


def test_a_clip_that_is_another_one_now_is_opened_again_at_the_same_frame(
    opened, shelf, numbered, qtbot
):
    later = numbered.once(
        "later.mov",
        lambda path: numbered.encode(path, f"-vf trim=start_frame=20,setpts=PTS-STARTPTS {PRORES}"),
    )
    opened.player.show(41)
    qtbot.waitUntil(lambda: settled(opened), timeout=30_000)
    shutil.copy(later, shelf / "A003C001.mov")
    opened.look_again()
    qtbot.waitUntil(lambda: settled(opened) and opened.player.frames == 100, timeout=30_000)
    assert opened.player.number == 41
    assert number_seen(opened.panel.player.view) == 61
    index = opened.player.playback.index
    opened.look_again()
    qtbot.waitUntil(lambda: settled(opened), timeout=30_000)
    assert opened.player.playback.index is index


def test_marks_that_cannot_be_read_are_told_and_stay_as_they_are(opened, bridge, qtbot):
    QTest.keyClick(opened.table, Key.Key_M)
    opened.table.choose(1)
    qtbot.waitUntil(lambda: settled(opened), timeout=30_000)
    (place,) = bridge.engine.profile.marks.glob("*.json")
    precious = place.read_text().replace('"form": 1', '"form": 2')
    place.write_text(precious)
    errors = []
    bridge.error_raised.connect(errors.append)
    opened.table.choose(0)
    qtbot.waitUntil(lambda: settled(opened) and len(errors) == 1, timeout=30_000)
    QTest.keyClick(opened.table, Key.Key_M)
    assert [str(error) for error in errors] == [
        f"The marks in {place} were made by a newer version of this program. Use that version."
    ] * 2
    assert opened.player.marks.empty
    opened.table.choose(1)
    qtbot.waitUntil(lambda: settled(opened), timeout=30_000)
    assert place.read_text() == precious


def test_marks_of_a_clip_that_was_replaced_are_kept_for_the_bytes_they_were_made_in(
    opened, shelf, tmp_path, qtbot
):
    clip = shelf / "A003C001.mov"
    before = Path(shutil.copy(clip, tmp_path / "before.mov"))
    QTest.keyClick(opened.table, Key.Key_M)
    shutil.copy(shelf / "B014C002.mov", clip)
    opened.table.choose(1)
    qtbot.waitUntil(lambda: settled(opened), timeout=30_000)
    assert opened.player.marks.empty
    opened.show_folder(before)
    qtbot.waitUntil(lambda: settled(opened) and not opened.player.marks.empty, timeout=30_000)
    assert opened.player.clip.name == "before"
