"""Recordings in several files are one clip, and say what only their name or a sidecar tells."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import pytest
from clip_bench import H264, PICTURE, SOUND, Clips
from picture_bench import r3d, red_one

from app.errors import BadInput, MediaFault
from app.media.facts.probe import probe
from app.timecode import Timecode

MPEG2 = ("-c:v", "mpeg2video", "-b:v", "5M", "-pix_fmt", "yuv422p")
SONY = """<?xml version="1.0" encoding="UTF-8"?>
<NonRealTimeMeta xmlns="urn:schemas-professionalDisc:nonRealTimeMeta:ver.2.20">
<Duration value="250"/>
<LtcChangeTable tcFps="{fps}" halfStep="{half}">
<LtcChange frameCount="0" value="{value}" status="increment"/>
<LtcChange frameCount="249" value="24150010" status="end"/></LtcChangeTable>
<CreationDate value="2026-11-20T15:00:00+01:00"/>
<VideoFormat><VideoFrame videoCodec="AVC" captureFps="{rate}p" formatFps="{rate}p"/></VideoFormat>
<Device manufacturer="Sony" modelName="PXW-FX9" serialNo="0100123"/>
<Lens modelName="FE C 16-35mm T3.1 G"/>
<AcquisitionRecord><Group name="CameraUnitMetadataSet">
<Item name="CaptureGammaEquation" value="s-log3-cine"/></Group></AcquisitionRecord>
</NonRealTimeMeta>
"""
P2 = """<?xml version="1.0" encoding="UTF-8"?>
<P2Main xmlns="urn:schemas-Professional-Plug-in:P2:ClipMetadata:v3.1"><ClipContent>
<ClipName>0001AB</ClipName><EssenceList><Video><FrameRate DropFrameFlag="false">25p</FrameRate>
<StartTimecode>10:00:00:00</StartTimecode></Video><Audio/><Audio/></EssenceList>
<ClipMetadata><Shoot><StartDate>2026-11-20T10:00:00+01:00</StartDate></Shoot>
<Scenario><ProgramName>Night Ferry</ProgramName>
<SceneNo.>12A</SceneNo.><TakeNo.>3</TakeNo.></Scenario>
<Device><Manufacturer>Panasonic</Manufacturer>
<SerialNo.>E6T</SerialNo.><ModelName>AG-HPX255</ModelName></Device></ClipMetadata></ClipContent></P2Main>
"""


def placed(source: Path, *places: Path) -> None:
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, place)


def test_chapters_of_a_gopro_are_one_recording(clips: Clips, tmp_path: Path) -> None:
    chapter = clips(
        "chapter.mp4", *H264, "-c:a", "aac", "-timecode", "10:00:00:00", inputs=(*PICTURE, *SOUND)
    )
    folder = tmp_path / "DCIM" / "100GOPRO"
    names = ("GX010001.MP4", "GX020001.MP4", "GX030001.MP4")
    placed(chapter, *(folder / name for name in names), folder / "GX010002.MP4")
    (folder / "GX010001.THM").write_bytes(b"x")
    for name in names:
        facts = probe(folder / name)
        assert facts.parts == names
        assert facts.name == "GX010001"
        assert facts.video[0].frames == 75
        assert facts.video[0].counted
        assert facts.duration == pytest.approx(3, abs=0.1)
        assert facts.audio[0].duration == pytest.approx(3, abs=0.1)
        assert facts.size == 3 * chapter.stat().st_size
        assert str(facts.start) == "10:00:00:00"
        assert facts.sidecars == ("GX010001.THM",)
    assert probe(folder / "GX010002.MP4").parts == ()
    (folder / "GX020001.MP4").unlink()
    lacking = probe(folder / "GX030001.MP4")
    assert lacking.missing == ("GX020001.MP4",)
    assert lacking.video[0].frames == 50


def test_a_chapter_that_cannot_be_read_is_named_and_not_counted(
    clips: Clips, tmp_path: Path
) -> None:
    chapter = clips("chapter0.mp4", *H264)
    placed(chapter, tmp_path / "100GOPRO" / "GH010007.MP4")
    damaged = tmp_path / "100GOPRO" / "GH020007.MP4"
    damaged.write_bytes(chapter.read_bytes()[:3000])
    facts = probe(damaged)
    assert facts.video[0].frames == 25
    assert len(facts.remarks) == 1
    assert facts.remarks[0].startswith("GH020007.MP4 cannot be read and is not counted")


def test_an_r3d_recording_is_one_clip_with_its_gaps(tmp_path: Path) -> None:
    clip = tmp_path / "A003_1120K4.RDM" / "A003_C014_1120AB.RDC"
    for number in (1, 2, 4):
        r3d(clip / f"A003_C014_1120AB_{number:03}.R3D", timecode=f"21:36:1{number}:00")
    (clip / "A003_C014_1120AB.RMD").write_text("<xmp/>")
    for asked in (clip / "A003_C014_1120AB_002.R3D", clip):
        facts = probe(asked)
        assert (facts.container, facts.name) == ("R3D", "A003_C014_1120AB")
        assert [part[-7:-4] for part in facts.parts] == ["001", "002", "004"]
        assert facts.missing == ("A003_C014_1120AB_003.R3D",)
        assert facts.sidecars == ("A003_C014_1120AB.RMD",)
        assert facts.start == Timecode.parse("21:36:11:00", Fraction(24000, 1001))
        assert facts.start_from == "R3D header"
        assert (facts.reel, facts.reel_from) == ("A003", "R3D header")
        assert facts.size == sum(one.stat().st_size for one in clip.glob("*.R3D"))
        (picture,) = facts.video
        assert (picture.codec_name, picture.width, picture.height) == ("REDCODE RAW", 8192, 4320)
        assert not picture.decodable
        assert (picture.frames, picture.counted, facts.duration) == (0, False, 0)


def test_the_length_of_a_red_one_recording_is_that_of_all_its_files(tmp_path: Path) -> None:
    clip = tmp_path / "A001_0502A6.RDM" / "A001_C002_0502A6.RDC"
    names = [f"A001_C002_0502A6_00{number}.R3D" for number in (1, 2, 3)]
    for name, frames in zip(names, (173, 173, 20), strict=True):
        red_one(clip / name, frames=frames)
    facts = probe(clip / names[1])
    assert facts.parts == tuple(names)
    assert (facts.video[0].frames, facts.video[0].counted) == (366, True)
    assert facts.duration == facts.video[0].duration == Fraction(366, 25)
    (clip / names[1]).write_bytes(b"damaged" * 1000)
    facts = probe(clip)
    assert facts.video[0].frames == 193
    assert facts.remarks == (f"{names[1]} cannot be read and is not counted.",)
    red_one(clip / names[2])  # cut off: nobody knows what it has lost
    assert (probe(clip).video[0].frames, probe(clip).duration) == (0, 0)


def test_an_r3d_whose_header_is_none_is_refused(tmp_path: Path) -> None:
    for content in (b"not a clip" * 100, bytes(100_000)):
        path = tmp_path / "A003_C014_1120AB_001.R3D"
        path.write_bytes(content)
        with pytest.raises(MediaFault, match="is no R3D file, or its header is damaged"):
            probe(path)


def test_picture_and_sound_of_p2_are_one_clip(clips: Clips, tmp_path: Path) -> None:
    picture = clips("p2v.mxf", *MPEG2, "-timecode", "10:00:00:00")
    sound = clips("p2a.mxf", "-c:a", "pcm_s16le", "-f", "mxf_opatom", "-ar", "48000", inputs=SOUND)
    card = tmp_path / "CONTENTS"
    placed(picture, card / "VIDEO" / "0001AB.MXF", card / "VIDEO" / "0002CD.MXF")
    placed(sound, card / "AUDIO" / "0001AB00.MXF", card / "AUDIO" / "0001AB01.MXF")
    (card / "CLIP").mkdir()
    (card / "CLIP" / "0001AB.XML").write_text(P2)
    for asked in ("VIDEO/0001AB.MXF", "AUDIO/0001AB01.MXF"):
        facts = probe(card / asked)
        assert facts.name == "0001AB"
        assert facts.parts == ("0001AB.MXF", "0001AB00.MXF", "0001AB01.MXF")
        assert len(facts.audio) == 2
        assert {track.rate for track in facts.audio} == {48000}
        assert facts.video[0].frames == 25
        assert facts.size == picture.stat().st_size + 2 * sound.stat().st_size
        assert (facts.project, facts.scene, facts.take) == ("Night Ferry", "12A", "3")
        assert facts.camera["model"] == "AG-HPX255"
        assert facts.camera["serial"] == "E6T"
        assert (str(facts.start), facts.start_from) == ("10:00:00:00", "MXF")
        assert facts.sidecars == ("0001AB.XML",)


def test_spanned_mxf_of_canon_and_sony_is_one_clip(clips: Clips, tmp_path: Path) -> None:
    part = clips("part.mxf", *MPEG2, "-timecode", "10:00:00:00")
    canon = tmp_path / "CONTENTS" / "CLIPS001" / "AA0001"
    placed(part, canon / "AA000101.MXF", canon / "AA000102.MXF")
    facts = probe(canon / "AA000102.MXF")
    assert (facts.name, facts.parts) == ("AA0001", ("AA000101.MXF", "AA000102.MXF"))
    assert (facts.video[0].frames, facts.video[0].counted) == (50, True)
    sony = tmp_path / "XDROOT" / "Clip" / "A001C001_261120R4"
    placed(part, sony / "A001C001_261120R4_001.MXF", sony / "A001C001_261120R4_002.MXF")
    facts = probe(sony / "A001C001_261120R4_001.MXF")
    assert (facts.name, len(facts.parts)) == ("A001C001_261120R4", 2)
    assert (facts.video[0].frames, facts.duration) == (50, 2)
    assert (facts.reel, facts.reel_from) == ("A001", "name")


def test_files_that_do_not_go_on_are_told_by_themselves(clips: Clips, tmp_path: Path) -> None:
    movie = clips("own.mov", *H264)
    names = (
        "A003C001_261120_R2EC.mov", "A003C001_261120_R2EC_proxy.mov", "C0001.MP4", "C0002.MP4",
        "clip_001.mov", "clip_002.mov",
    )  # fmt: skip
    placed(movie, *(tmp_path / "rushes" / name for name in names))
    for name in names:
        facts = probe(tmp_path / "rushes" / name)
        assert (facts.parts, facts.video[0].frames) == ((), 25), name
    with pytest.raises(BadInput, match="and not one clip"):
        probe(tmp_path / "rushes")


@pytest.mark.parametrize(
    ("rate", "fps", "half", "value", "start"),
    [
        ("25", "25", "false", "05150010", "10:00:15:05"),
        ("29.97", "30", "false", "42011000", "00:10:01;02"),
        ("50", "25", "true", "05150010", "None"),  # counted in pairs: no rate says how
        ("25", "25", "false", "no", "None"),
    ],
)
def test_the_xml_of_a_sony_camera_tells_what_the_file_does_not(
    clips: Clips, tmp_path: Path, rate: str, fps: str, half: str, value: str, start: str
) -> None:
    exact = {"29.97": "30000/1001"}.get(rate, rate)
    bare = clips(f"sony{rate}.mp4", *H264, "-write_tmcd", "0", rate=exact)
    card = tmp_path / "PRIVATE" / "M4ROOT" / "CLIP"
    placed(bare, card / "C0001.MP4")
    (card / "C0001M01.XML").write_text(SONY.format(rate=rate, fps=fps, half=half, value=value))
    facts = probe(card / "C0001.MP4")
    assert str(facts.start) == start
    assert facts.start_from == ("Sony XML" if start != "None" else "")
    assert facts.recorded == "2026-11-20T15:00:00+01:00"
    assert facts.camera["model"] == "PXW-FX9"
    assert facts.camera["lens"] == "FE C 16-35mm T3.1 G"
    assert facts.camera["gamma"] == "s-log3-cine"


def test_what_the_file_says_goes_before_what_stands_beside_it(clips: Clips, tmp_path: Path) -> None:
    own = clips("owntc.mp4", *H264, "-timecode", "01:00:00:00")
    card = tmp_path / "M4ROOT" / "CLIP"
    placed(own, card / "C0001.MP4")
    xml = SONY.format(rate="25", fps="25", half="false", value="05150010")
    (card / "C0001M01.XML").write_text(xml)
    facts = probe(card / "C0001.MP4")
    assert (str(facts.start), facts.start_from) == ("01:00:00:00", "tmcd track")
    (card / "C0001M01.XML").write_text(xml[: len(xml) // 2])
    assert str(probe(card / "C0001.MP4").start) == "01:00:00:00"


def relabelled(source: Path, target: Path, coding: str) -> Path:
    """An MPEG-2 MXF whose picture says that it is coded otherwise."""
    data = source.read_bytes()
    for own, new in (
        ("060e2b34040101030401020201", f"060e2b340401010d{coding}"),
        ("060e2b34040101020d010301", "060e2b34040101020d010301027f0100"),
    ):
        head = bytes.fromhex(own)
        for label in {data[n : n + 16] for n in range(len(data)) if data.startswith(head, n)}:
            data = data.replace(label, bytes.fromhex(new))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    return target


def test_the_log_of_a_camera_tells_of_the_clips_that_it_names(clips: Clips, tmp_path: Path) -> None:
    movie = clips("noreel.mov", *H264, "-write_tmcd", "0")
    reel = tmp_path / "A003R2EC"
    placed(movie, *(reel / f"A003C00{n}_261120_R2EC.mov" for n in (1, 2)))
    (reel / "A003R2EC_AVID.ale").write_text(
        "Heading\nFIELD_DELIM\tTABS\nFPS\t25\n\nColumn\n"
        "Name\tStart\tReel_name\tCamera_model\tScene\n\nData\n"
        "A003C001_261120_R2EC\t14:03:22:00\tA003R2EC\tALEXA Mini\t12A\n"
    )
    told, other = (probe(reel / f"A003C00{n}_261120_R2EC.mov") for n in (1, 2))
    assert (str(told.start), told.start_from) == ("14:03:22:00", "ALE")
    assert (told.reel, told.reel_from, told.scene) == ("A003R2EC", "ALE", "12A")
    assert told.camera["model"] == "ALEXA Mini"
    assert told.sidecars == ("A003R2EC_AVID.ale",)
    assert (other.start, other.reel_from, other.sidecars) == (None, "name", ())


def test_arriraw_in_mxf_is_named_by_its_label(clips: Clips, tmp_path: Path) -> None:
    made = clips("reel.mxf", *MPEG2, "-timecode", "10:00:00:00", "-metadata", "reel_name=A007R1")
    for coding, name in (("0401020102010100", "ARRIRAW"), ("0401020102010200", "ARRIRAW HDE")):
        facts = probe(relabelled(made, tmp_path / "A_0007C001_261120_091500_a1JL0.mxf", coding))
        (picture,) = facts.video
        assert (picture.codec_name, picture.decodable) == (name, False)
        assert (picture.width, picture.height, picture.rate) == (320, 180, 25)
        assert str(facts.start) == "10:00:00:00"
        assert (facts.reel, facts.reel_from) == ("A007R1", "MXF")


def test_x_ocn_is_named_by_its_xml(clips: Clips, tmp_path: Path) -> None:
    made = clips("ocn.mxf", *MPEG2, "-timecode", "10:00:00:00")
    folder = tmp_path / "XDROOT" / "Clip"
    clip = relabelled(made, folder / "A001C001_261120R4.MXF", "0e06040102010100")
    xml = SONY.format(rate="25", fps="25", half="false", value="05150010")
    (folder / "A001C001_261120R4M01.XML").write_text(xml.replace('"AVC"', '"X-OCN XT"'))
    (picture,) = probe(clip).video
    assert (picture.codec_name, picture.decodable) == ("X-OCN XT", False)
    assert (picture.width, picture.height, picture.rate, picture.frames) == (320, 180, 25, 25)


def test_cinema_raw_light_is_a_clip_with_the_reel_of_its_name(clips: Clips, tmp_path: Path) -> None:
    made = clips("crm.mov", "-c:v", "prores_ks", "-q:v", "11", "-timecode", "10:00:00:00")
    folder = tmp_path / "CONTENTS" / "CLIPS001"
    folder.mkdir(parents=True)
    clip = folder / "A005C001_261120AB_CANON.CRM"
    clip.write_bytes(made.read_bytes().replace(b"apcn", b"crx ").replace(b"apch", b"crx "))
    (folder / "A005C001_261120AB_CANON.CPF").write_bytes(b"x" * 30)
    facts = probe(clip)
    (picture,) = facts.video
    assert (picture.codec_name, picture.decodable) == ("Canon Cinema RAW Light", False)
    assert (picture.width, picture.height, picture.frames) == (320, 180, 25)
    assert (facts.reel, facts.reel_from) == ("A005", "name")
    assert (str(facts.start), facts.start_from) == ("10:00:00:00", "tmcd track")
    assert facts.sidecars == ("A005C001_261120AB_CANON.CPF",)
