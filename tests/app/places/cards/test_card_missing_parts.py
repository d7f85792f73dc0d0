"""One test for every rule by which something on a card is found to be missing."""

import struct
from pathlib import Path

from card_trees import build, write

from app.places.cards import FindingKind, recognise
from app.places.cards.card import Card


def texts(card: Card) -> list[str]:
    return [finding.text for finding in card.findings]


def test_an_r3d_absent_between_others_is_named(tmp_path: Path) -> None:
    for number in (1, 2, 4):
        write(
            tmp_path, f"A003_1120K4.RDM/A003_C001_1120AB.RDC/A003_C001_1120AB_{number:03d}.R3D", 9
        )
    card = recognise(tmp_path)

    assert card.clips[0].missing == ("A003_C001_1120AB_003.R3D",)
    assert texts(card) == ["A003_C001 has no _003.R3D."]
    assert card.findings[0].kind is FindingKind.PART_MISSING
    assert card.findings[0].clip == "A003_C001_1120AB"


def test_an_absent_first_r3d_is_named(tmp_path: Path) -> None:
    write(tmp_path, "A003_1120K4.RDM/A003_C001_1120AB.RDC/A003_C001_1120AB_002.R3D", 9)

    assert texts(recognise(tmp_path)) == ["A003_C001 has no _001.R3D."]


def test_an_empty_clip_folder_is_named(tmp_path: Path) -> None:
    write(tmp_path, "A003_1120K4.RDM/A003_C001_1120AB.RDC/A003_C001_1120AB_001.R3D", 9)
    (tmp_path / "A003_1120K4.RDM/A003_C002_1120CD.RDC").mkdir()

    assert texts(recognise(tmp_path)) == ["A003_C002 has no R3D at all."]


def test_prores_from_a_red_lacks_no_r3d(tmp_path: Path) -> None:
    write(tmp_path, "A003_1120K4.RDM/A003_C001_1120AB.RDC/A003_C001_1120AB.mov", 9)
    card = recognise(tmp_path)

    assert card.structure == "red"
    assert len(card.clips) == 1
    assert texts(card) == []


def test_a_long_row_of_absent_r3d_is_told_by_its_ends(tmp_path: Path) -> None:
    for number in (1, 40):
        write(
            tmp_path, f"A003_1120K4.RDM/A003_C001_1120AB.RDC/A003_C001_1120AB_{number:03d}.R3D", 9
        )

    assert texts(recognise(tmp_path)) == [
        "A003_C001 has no _002.R3D to A003_C001_1120AB_039.R3D (38 files)."
    ]


def test_an_absent_gopro_chapter_is_named(tmp_path: Path) -> None:
    for name in ("GX010007", "GX030007"):
        write(tmp_path, f"DCIM/100GOPRO/{name}.MP4", 9)
    card = recognise(tmp_path)

    assert card.clips[0].missing == ("GX020007.MP4",)
    assert texts(card) == ["GX010007 has no chapter 2 (GX020007.MP4)."]


def test_an_absent_first_gopro_chapter_is_named(tmp_path: Path) -> None:
    write(tmp_path, "DCIM/100GOPRO/GH020007.MP4", 9)
    card = recognise(tmp_path)

    assert card.clips[0].name == "GH010007"
    assert texts(card) == ["GH010007 has no chapter 1 (GH010007.MP4)."]


def test_a_gopro_number_that_came_round_again_is_another_clip(tmp_path: Path) -> None:
    for folder in ("100GOPRO", "101GOPRO"):
        for name in ("GX010001.MP4", "GX020001.MP4", "GL010001.LRV"):
            write(tmp_path, f"DCIM/{folder}/{name}", 9)
    card = recognise(tmp_path)

    assert [clip.name for clip in card.clips] == ["GX010001", "GX010001"]
    assert [len(clip.files) for clip in card.clips] == [3, 3]
    assert card.findings == ()


def test_chapters_that_go_on_in_the_next_folder_are_one_clip(tmp_path: Path) -> None:
    write(tmp_path, "DCIM/100GOPRO/GX010999.MP4", 9)
    write(tmp_path, "DCIM/101GOPRO/GX020999.MP4", 9)
    card = recognise(tmp_path)

    assert [len(clip.files) for clip in card.clips] == [2]
    assert card.findings == ()


def test_a_gap_in_arri_frames_is_told_as_ranges(tmp_path: Path) -> None:
    reel = "A003R1JL/A003C001_261120_R1JL"
    for number in (*range(100, 110), *range(115, 120), 121):
        write(tmp_path, f"{reel}/A003C001_261120_R1JL.{number:07d}.ari", 9)
    card = recognise(tmp_path)

    assert card.clips[0].missing == ("frames 0000110 to 0000114", "frame 0000120")
    assert texts(card) == [
        "A003C001: frames 0000110 to 0000114 are missing (5 frames).",
        "A003C001: frame 0000120 is missing.",
    ]


def test_very_many_gaps_are_counted_and_not_all_listed(tmp_path: Path) -> None:
    reel = "A003R1JL/A003C001_261120_R1JL"
    for number in range(0, 120, 2):
        write(tmp_path, f"{reel}/A003C001_261120_R1JL.{number:07d}.ari", 9)
    told = texts(recognise(tmp_path))

    assert len(told) == 21
    assert told[-1] == "A003C001: 39 frames in 39 further gaps are missing."


def test_frame_numbers_that_pass_midnight_are_no_gap(tmp_path: Path) -> None:
    reel = "A003R1JL/A003C001_261120_R1JL"
    last = 24 * 86400 - 1
    for number in (last - 2, last - 1, last, 0, 1, 2):
        write(tmp_path, f"{reel}/A003C001_261120_R1JL.{number:07d}.ari", 9)

    assert texts(recognise(tmp_path)) == []


def test_a_clip_that_ends_before_its_log_says_is_named(tmp_path: Path) -> None:
    card = recognise(build("arri-mini-frames-missing", tmp_path))

    assert "B002C002 has 12 frames on the card; the camera's log tells 24." in texts(card)


def test_a_clip_that_only_the_cameras_log_knows_is_named(tmp_path: Path) -> None:
    card = recognise(build("arri-mini-frames-missing", tmp_path))

    assert texts(card)[-1] == (
        "The camera's log lists B002C003_261120_R2KM, which is not on the card."
    )


def test_a_sony_mxf_without_its_xml_is_named(tmp_path: Path) -> None:
    write(tmp_path, "XDROOT/Clip/B002C013_261120K7.MXF", 9)
    write(tmp_path, "XDROOT/Clip/B002C013_261120K7M01.XML", "<x/>")
    write(tmp_path, "XDROOT/Clip/B002C014_261120K7.MXF", 9)
    card = recognise(tmp_path)

    assert texts(card) == ["B002C014 comes without its XML."]
    assert card.findings[0].kind is FindingKind.SIDECAR_MISSING


def test_a_sony_xml_without_its_mxf_is_named(tmp_path: Path) -> None:
    write(tmp_path, "XDROOT/Clip/C0001.MXF", 9)
    write(tmp_path, "XDROOT/Clip/C0001M01.XML", "<x/>")
    write(tmp_path, "XDROOT/Clip/C0002M01.XML", "<x/>")

    assert texts(recognise(tmp_path)) == ["C0002 has its XML, but no MXF."]


def test_a_sony_proxy_without_its_original_is_named(tmp_path: Path) -> None:
    write(tmp_path, "PRIVATE/M4ROOT/CLIP/C0001.MP4", 9)
    write(tmp_path, "PRIVATE/M4ROOT/CLIP/C0001M01.XML", "<x/>")
    write(tmp_path, "PRIVATE/M4ROOT/SUB/C0002S03.MP4", 9)

    assert texts(recognise(tmp_path)) == ["C0002 has a proxy, but no MP4."]


def test_a_card_without_any_xml_says_so_once(tmp_path: Path) -> None:
    for number in range(1, 6):
        write(tmp_path, f"PRIVATE/M4ROOT/CLIP/C{number:04d}.MP4", 9)
    card = recognise(tmp_path)

    assert texts(card) == ["None of the 5 clips comes with its XML."]
    assert [clip.missing for clip in card.clips][2] == ("C0003M01.XML",)


def test_a_span_of_a_sony_raw_clip_that_is_absent_is_named(tmp_path: Path) -> None:
    folder = "XDROOT/Clip/A001C001_261120R4"
    for number in (1, 3):
        write(tmp_path, f"{folder}/A001C001_261120R4_{number:03d}.MXF", 9)
    write(tmp_path, "XDROOT/Clip/A001C001_261120R4M01.XML", "<x/>")
    card = recognise(tmp_path)

    assert [clip.name for clip in card.clips] == ["A001C001_261120R4"]
    assert texts(card) == ["A001C001 has no _002.MXF."]


def test_a_clip_that_mediapro_lists_and_the_card_lacks_is_named(tmp_path: Path) -> None:
    card = recognise(build("sony-xdroot", tmp_path))

    assert texts(card)[-1] == (
        "MEDIAPRO.XML lists B002C017_261120K7.MXF, which is not on the card."
    )


def test_p2_says_which_half_of_a_clip_is_absent(tmp_path: Path) -> None:
    told = texts(recognise(build("panasonic-p2", tmp_path)))

    assert told[:3] == [
        "0002CD comes without its XML.",
        "0003EF has its XML, but no MXF.",
        "0004GH has 3 of its 4 audio files.",
    ]


def p2_card(root: Path, essence: str) -> Card:
    xml = f"<P2Main><ClipContent><EssenceList>{essence}</EssenceList></ClipContent></P2Main>"
    write(root, "CONTENTS/CLIP/0001AB.XML", xml)
    write(root, "CONTENTS/AUDIO/0001AB00.MXF", 9)
    return recognise(root)


def test_a_p2_clip_of_sound_alone_lacks_no_picture(tmp_path: Path) -> None:
    assert texts(p2_card(tmp_path / "sound", "<Audio/>")) == []
    assert texts(p2_card(tmp_path / "both", "<Video/><Audio/>")) == [
        "0001AB has its XML, but no MXF."
    ]
    assert texts(p2_card(tmp_path / "untold", "")) == ["0001AB has its XML, but no MXF."]


def test_a_canon_proxy_without_its_original_is_named(tmp_path: Path) -> None:
    folder = "PRIVATE/XFVC/REEL_0012"
    write(tmp_path, f"{folder}/A_0012C001X261120_130000AB_CANON.MP4", 9)
    write(tmp_path, f"{folder}/A_0012C002X261120_131000AB_CANON_Proxy.MP4", 9)

    assert texts(recognise(tmp_path)) == ["A_0012C002 has a proxy, but no original."]


def test_avchd_says_which_half_of_a_clip_is_absent(tmp_path: Path) -> None:
    assert texts(recognise(build("avchd-bare", tmp_path))) == [
        "00002 comes without its clip information (CPI).",
        "00003 has its clip information, but no MTS.",
    ]


def test_a_gap_in_clip_numbers_is_named(tmp_path: Path) -> None:
    for number in (1, 2, 5, 7):
        write(tmp_path, f"A001_11201200_C{number:03d}.braw", 9)
    card = recognise(tmp_path)

    assert texts(card) == [
        "Clips C003 to C004 are missing on A001, between C002 and C005.",
        "Clip C006 is missing on A001, between C005 and C007.",
    ]
    assert {finding.kind for finding in card.findings} == {FindingKind.CLIP_GAP}


def test_clip_numbers_go_on_from_c999_to_d001(tmp_path: Path) -> None:
    for number in range(1, 1000):
        write(tmp_path, f"A003R1JL/A003C{number:03d}_261120_R1JL.mov", 1)
    write(tmp_path, "A003R1JL/A003D001_261120_R1JL.mov", 1)
    write(tmp_path, "A003R1JL/A003D003_261120_R1JL.mov", 1)

    assert texts(recognise(tmp_path)) == ["Clip D002 is missing on A003, between D001 and D003."]


def test_very_many_gaps_in_clip_numbers_are_counted(tmp_path: Path) -> None:
    for number in range(0, 100, 2):
        write(tmp_path, f"DCIM/100CANON/MVI_{number:04d}.MP4", 1)
    told = texts(recognise(tmp_path))

    assert len(told) == 21
    assert told[-1] == "There are 29 more gaps in the clip numbers."


def test_numbers_on_a_phone_are_no_row(tmp_path: Path) -> None:
    for number in (1, 9, 80):
        write(tmp_path, f"DCIM/100APPLE/IMG_{number:04d}.MOV", 9)

    assert texts(recognise(tmp_path)) == []


def test_two_rolls_on_one_card_are_two_rows(tmp_path: Path) -> None:
    write(tmp_path, "A003R1JL/A003C001_261120_R1JL.mov", 9)
    write(tmp_path, "A004R1JL/A004C002_261120_R1JL.mov", 9)
    card = recognise(tmp_path)

    assert card.roll == "A003, A004"
    assert texts(card) == ["Clip C001 is missing on A004, before C002."]


def test_a_wave_header_tells_recorder_and_beginning(tmp_path: Path) -> None:
    bext = bytearray(602)
    bext[256:269] = b"SoundDev: 633"
    bext[320:338] = b"2026-11-2009:15:30"
    body = b"WAVE" + b"bext" + struct.pack("<I", 602) + bytes(bext) + b"data\0\0\0\0"
    write(tmp_path, "12A-T001.WAV", b"RIFF" + struct.pack("<I", len(body)) + body)
    card = recognise(tmp_path)

    assert card.camera == "SoundDev: 633"
    assert card.first_recorded is not None
    assert card.first_recorded.isoformat() == "2026-11-20T09:15:30+00:00"
