"""Cards as they come: nested, empty, unknown, strangely named, huge, damaged."""

import os
import time
from pathlib import Path

import pytest
from card_trees import build, load, write

from app.places.cards import recognise
from app.places.tree import Entry, EntryKind, list_tree


def test_an_unknown_structure_is_a_folder_with_its_media(tmp_path: Path) -> None:
    root = tmp_path / "CARD"
    write(root, "WEIRDCAM/0001/picture.mov", 500)
    write(root, "WEIRDCAM/0001/picture.idx", 5)
    write(root, "WEIRDCAM/db.bin", 5)
    card = recognise(root)

    assert (card.structure, card.camera, card.roll) == ("folder", "Folder", "CARD")
    assert card.clips[0].files == (
        "WEIRDCAM/0001/picture.mov",
        "WEIRDCAM/0001/picture.idx",
    )
    assert (card.files, card.size) == (3, 510)


def test_an_empty_card_has_no_clips_and_no_times(tmp_path: Path) -> None:
    card = recognise(tmp_path / "." / "")

    assert (card.structure, card.clips, card.size, card.files) == ("folder", (), 0, 0)
    assert card.first_recorded is None
    assert card.findings == ()


def test_a_card_that_is_no_longer_there_is_told_and_not_raised(tmp_path: Path) -> None:
    card = recognise(tmp_path, [Entry("", EntryKind.UNREADABLE, trouble="Input/output error")])

    assert card.findings[0].text == (
        "The card could not be read (Input/output error): what is in it is unknown."
    )


def test_a_root_that_is_gone_is_told_and_not_raised(tmp_path: Path) -> None:
    card = recognise(tmp_path / "gone")

    assert (card.structure, card.clips, card.files) == ("folder", (), 0)
    assert card.findings[0].text.startswith("The card could not be read (No such file")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "mac-roman"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_the_cameras_log_is_read_in_any_encoding(
    encoding: str, ending: str, tmp_path: Path
) -> None:
    write(tmp_path, "A004R1JL/A004C001_20261120_R1JL.mov", 9)
    lines = [
        "Heading", "FPS\t24", "", "Column", "Name\tCamera_model\tDirector", "", "Data",
        "A004C001_20261120_R1JL\tAMIRA\tJos\xe9",
    ]  # fmt: skip
    write(tmp_path, "A004R1JL/A004R1JL.ale", ending.join(lines).encode(encoding))

    assert recognise(tmp_path).camera == "ARRI AMIRA"


@pytest.mark.parametrize(
    "name",
    [
        b"new\nline.mov",
        b"invalid-\xff\xfe.mov",
        "emoji-\N{CLAPPER BOARD}.mov".encode(),
        b"quote\"'.mov",
        b"A003C\xc2\xb2_001.ari",
        "\N{SUPERSCRIPT TWO}.ari".encode(),
        b".mov",
        b"\xd9\xa3\xd9\xa3\xd9\xa3\xd9\xa3.dng",
        b"-" + b"9" * 240 + b".dpx",
    ],
)
@pytest.mark.parametrize(
    "folder",
    ["", "A003R1JL", "A_0007_1JL0/clip", "XDROOT/Clip", "DCIM/100GOPRO", "CONTENTS/CLIP", "BDMV",
     "A003_1120K4.RDM/A003_C001_1120AB.RDC", "STEREO/FOLDER01", "BPAV/CLPR/709_0001_01"],
)  # fmt: skip
def test_no_name_stops_the_recognition(name: bytes, folder: str, tmp_path: Path) -> None:
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    for copy in (name, b"x" + name, b"y" + name):
        (tmp_path / folder / os.fsdecode(copy)).write_bytes(b"12345")
    card = recognise(tmp_path)

    assert (card.files, card.size) == (3, 15)
    listed = {entry.path for entry in list_tree(tmp_path)}
    assert {path for clip in card.clips for path in clip.files} <= listed


def test_a_card_in_a_sub_folder_is_recognised_there(tmp_path: Path) -> None:
    build("red", tmp_path / "disk" / "Day 12" / "Camera A")
    card = recognise(tmp_path / "disk")

    assert (card.structure, card.roll, card.label) == ("red", "A003", "disk")
    assert [clip.name for clip in card.clips] == [
        clip["name"] for clip in load("red")["expected"]["clips"]
    ]
    assert card.clips[0].files[0].startswith("Day 12/Camera A/A003/")


def test_a_folder_of_several_cards_keeps_the_findings_of_each(tmp_path: Path) -> None:
    for name in ("red", "sony-xdroot", "gopro"):
        build(name, tmp_path / "Day 12")
    card = recognise(tmp_path / "Day 12")

    assert (card.structure, card.camera) == ("folder", "Folder with 3 cards")
    assert card.roll == "A003, B002"
    told = {finding.text for finding in card.findings}
    for name in ("red", "sony-xdroot", "gopro"):
        assert set(load(name)["expected"]["findings"]) <= told


def test_a_reel_folder_or_magazine_dropped_by_itself_is_recognised(tmp_path: Path) -> None:
    arri = recognise(build("arri-mini", tmp_path) / "A003R1JL")
    red = recognise(build("red", tmp_path / "r") / "A003_1120K4.RDM")

    assert (arri.structure, arri.roll, len(arri.clips)) == ("arri", "A003", 3)
    assert (red.structure, red.roll, len(red.clips)) == ("red", "A003", 4)


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("sony-xdroot", "XDROOT"),
        ("sony-m4root", "PRIVATE"),
        ("sony-m4root", "PRIVATE/M4ROOT"),
        ("sony-bpav", "BPAV"),
        ("panasonic-p2", "CONTENTS"),
        ("canon-xf", "CONTENTS"),
        ("canon-c80", "PRIVATE"),
        ("avchd", "PRIVATE/AVCHD"),
        ("gopro", "DCIM"),
        ("gopro", "DCIM/100GOPRO"),
        ("dji", "DCIM"),
        ("red", "A003_1120K4.RDM"),
        ("arri-alexa35", "A_0007_1JL0"),
    ],
)
def test_a_cards_own_top_folder_dropped_by_itself_is_recognised(
    name: str, folder: str, tmp_path: Path
) -> None:
    whole = recognise(build(name, tmp_path))
    part = recognise(whole.root / folder)

    assert part.structure == whole.structure
    assert [clip.name for clip in part.clips] == [clip.name for clip in whole.clips]
    assert [finding.text for finding in part.findings] == [f.text for f in whole.findings]


def test_one_clips_folder_of_a_red_shows_its_missing_part(tmp_path: Path) -> None:
    root = build("red", tmp_path) / "A003_1120K4.RDM/A003_C017_1120EF.RDC"
    card = recognise(root)

    assert (card.structure, card.roll) == ("red", "A003")
    assert "A003_C017 has no _003.R3D." in [finding.text for finding in card.findings]


def test_a_professional_disc_has_its_clips_at_the_top(tmp_path: Path) -> None:
    write(tmp_path, "INDEX.XML", "<x/>")
    write(tmp_path, "Clip/C0001.MXF", 9)
    write(tmp_path, "Clip/C0001M01.XML", "<x/>")
    write(tmp_path, "Sub/C0001S01.MXF", 9)
    card = recognise(tmp_path)

    assert card.structure == "sony-xdroot"
    assert [len(clip.files) for clip in card.clips] == [3]


def test_m4root_and_avchd_need_no_private(tmp_path: Path) -> None:
    write(tmp_path / "a", "M4ROOT/CLIP/C0001.MP4", 9)
    write(tmp_path / "b", "BDMV/STREAM/00000.MTS", 9)

    assert recognise(tmp_path / "a").structure == "sony-m4root"
    assert recognise(tmp_path / "b").structure == "avchd"


def test_a_codex_drives_own_clips_folder_is_recognised(tmp_path: Path) -> None:
    for number in (1, 2, 4):
        write(tmp_path, f"}}CLIPS{{/A001C001/A001C001.{number:07d}.ari", 9)
    card = recognise(tmp_path)

    assert card.structure == "codex"
    assert [clip.name for clip in card.clips] == ["A001C001"]
    assert card.clips[0].missing == ("frame 0000003",)


def test_clips_of_one_name_in_two_folders_of_a_canon_are_two_clips(tmp_path: Path) -> None:
    for folder in ("CLIPS001", "CLIPS002"):
        write(tmp_path, f"CONTENTS/{folder}/AA0001/AA000101.MXF", 9)
        write(tmp_path, f"CONTENTS/{folder}/AA0001/AA0001.CPF", 3)
    write(tmp_path, "CONTENTS/CLIPS002/AA0001/AA000102.MXF", 9)
    card = recognise(tmp_path)

    assert [(clip.name, len(clip.files), clip.size) for clip in card.clips] == [
        ("AA0001", 2, 12),
        ("AA0001", 3, 21),
    ]
    assert card.findings == ()


def test_raw_light_in_dcim_is_a_clip_of_a_canon(tmp_path: Path) -> None:
    write(tmp_path, "DCIM/100EOSR5/5L2A0001.CRM", 9)
    write(tmp_path, "DCIM/100EOSR5/5L2A0001.MP4", 9)
    card = recognise(tmp_path)

    assert (card.structure, card.camera, len(card.clips)) == ("canon-dcim", "Canon", 1)


def test_a_movie_outside_of_the_cards_structure_is_a_clip_too(tmp_path: Path) -> None:
    root = build("sony-m4root", tmp_path)
    write(root, "rushes/extra.mov", 50)
    card = recognise(root)

    assert card.structure == "sony-m4root"
    assert card.clips[-1].name == "extra"
    assert not any("DSC00001" in path for clip in card.clips for path in clip.files)


def test_what_a_computer_leaves_on_a_card_is_no_clip(tmp_path: Path) -> None:
    root = build("blackmagic", tmp_path)
    before = recognise(root)
    write(root, "._A001_11200915_C001.braw", 40)
    write(root, ".Trashes/501/A001_11200915_C009.braw", 40)
    write(root, "System Volume Information/x.mov", 40)
    after = recognise(root)

    assert [clip.name for clip in after.clips] == [clip.name for clip in before.clips]
    assert after.files == before.files + 3


def test_folders_that_differ_in_case_only_are_one(tmp_path: Path) -> None:
    write(tmp_path, "XDROOT/Clip/C0001.MXF", 9)
    write(tmp_path, "XDROOT/CLIP/C0001M01.XML", "<x/>")
    card = recognise(tmp_path)

    assert card.clips[0].files == ("XDROOT/Clip/C0001.MXF", "XDROOT/CLIP/C0001M01.XML")
    assert card.findings == ()


def test_files_of_a_fixture_that_belong_to_no_clip_stay_with_the_card(tmp_path: Path) -> None:
    card = recognise(build("red", tmp_path))
    in_clips = {path for clip in card.clips for path in clip.files}

    assert not any(path.endswith(".bin") for path in in_clips)
    assert card.files == len(in_clips) + 2


def frames(clips: int, each: int) -> list[Entry]:
    entries = [Entry("A003R1JL", EntryKind.FOLDER)]
    for clip in range(1, clips + 1):
        name = f"A003C{clip:03d}_261120_R1JL"
        entries.append(Entry(f"A003R1JL/{name}", EntryKind.FOLDER))
        entries += [
            Entry(
                f"A003R1JL/{name}/{name}.{clip * 100_000 + frame:07d}.ari",
                EntryKind.FILE,
                7_000_000,
                1_795_000_000 * 10**9 + clip * 10**12 + frame * 40_000_000,
            )
            for frame in range(each)
        ]
    return entries


def test_a_hundred_thousand_frames_are_recognised_quickly(tmp_path: Path) -> None:
    entries = frames(20, 5_000)
    began = time.process_time()
    card = recognise(tmp_path, entries)
    spent = time.process_time() - began

    assert (len(card.clips), card.files, card.roll) == (20, 100_000, "A003")
    assert card.size == 700_000_000_000
    assert card.findings == ()
    assert spent < 2


def test_order_of_the_listing_does_not_matter(tmp_path: Path) -> None:
    entries = frames(3, 50)

    assert recognise(tmp_path, entries) == recognise(tmp_path, entries[::-1])


def test_clips_are_in_the_order_in_which_people_count(tmp_path: Path) -> None:
    for number in (1, 2, 10, 9):
        write(tmp_path, f"SCENE-T{number}.WAV", 9 + number)
    names = [clip.name for clip in recognise(tmp_path).clips]

    assert names == ["SCENE-T1", "SCENE-T2", "SCENE-T9", "SCENE-T10"]


def test_an_xml_cannot_reach_outside_of_the_card(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("STOLEN")
    root = tmp_path / "card"
    write(root, "XDROOT/Clip/C0001.MXF", 9)
    write(
        root,
        "XDROOT/Clip/C0001M01.XML",
        f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'
        '<N><Device manufacturer="Sony" modelName="FX6"/><Lens>&e;</Lens></N>',
    )
    write(
        root,
        "XDROOT/MEDIAPRO.XML",
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        '<M><Attached mediaName="&b;"/></M>',
    )
    card = recognise(root)

    assert card.camera == "Sony FX6"
    assert "STOLEN" not in repr(card)


def test_an_xml_cannot_pull_a_file_into_the_cameras_name(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("STOLEN")
    root = tmp_path / "card"
    write(root, "CONTENTS/VIDEO/0001AB.MXF", 9)
    write(
        root,
        "CONTENTS/CLIP/0001AB.XML",
        f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'
        "<P2Main><Device><ModelName>&e;</ModelName></Device></P2Main>",
    )

    assert recognise(root).camera == "Panasonic P2"


def test_damaged_and_oversized_sidecars_tell_nothing_and_stop_nothing(tmp_path: Path) -> None:
    write(tmp_path, "XDROOT/Clip/C0001.MXF", 9)
    write(tmp_path, "XDROOT/Clip/C0001M01.XML", b"\xff\xfe\x00<broken")
    write(tmp_path, "XDROOT/Clip/C0002.MXF", 9)
    oversized = b'<x><Device modelName="TOO BIG"/>' + b"a" * (1 << 20) + b"</x>"
    write(tmp_path, "XDROOT/Clip/C0002M01.XML", oversized)
    write(tmp_path, "XDROOT/MEDIAPRO.XML", b"")
    card = recognise(tmp_path)

    assert card.camera == "Sony XAVC"
    assert [clip.name for clip in card.clips] == ["C0001", "C0002"]
    assert card.findings == ()


def test_a_sidecar_that_is_a_link_out_of_the_card_is_not_followed(tmp_path: Path) -> None:
    outside = write(tmp_path, "outside.xml", '<N><Device modelName="STOLEN"/></N>')
    root = tmp_path / "card"
    write(root, "XDROOT/Clip/C0001.MXF", 9)
    (root / "XDROOT/Clip/C0001M01.XML").symlink_to(outside)

    assert "STOLEN" not in repr(recognise(root))


def test_impossible_times_do_not_stop_the_recognition(tmp_path: Path) -> None:
    entries = [
        Entry("A001_99999999_C001.braw", EntryKind.FILE, 5, 2**62 * 4),
        Entry("A001_02300000_C002.braw", EntryKind.FILE, 5, -(2**62)),
    ]
    card = recognise(tmp_path, entries)

    assert len(card.clips) == 2


def test_peoples_own_folders_are_no_camera(tmp_path: Path) -> None:
    for path in ("Video/a.mov", "Audio/b.wav", "Clip/c.mov", "Folder01/d.wav", "mxf/cut/e.mxf"):
        write(tmp_path, f"Project/{path}", 9)

    assert recognise(tmp_path).structure == "folder"


def test_numbered_sounds_of_different_length_are_takes_of_their_own(tmp_path: Path) -> None:
    for name, size in (("WILD_1", 9), ("WILD_2", 8), ("12A_1", 5), ("12A_2", 5)):
        write(tmp_path, f"{name}.WAV", size)

    assert [clip.name for clip in recognise(tmp_path).clips] == ["12A", "WILD_1", "WILD_2"]
