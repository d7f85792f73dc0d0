"""When a clip was recorded: its sidecar, its name, or its file's time."""

from datetime import UTC, datetime
from pathlib import Path

from card_trees import write

from app.places.cards import recognise


def test_the_end_of_a_recording_comes_from_its_xml_and_not_from_the_files_time(
    tmp_path: Path,
) -> None:
    at = "2026-11-20T20:00:00Z"
    write(tmp_path, "XDROOT/Clip/C0001.MXF", 9, at)
    write(
        tmp_path,
        "XDROOT/Clip/C0001M01.XML",
        '<N><Duration value="500"/><CreationDate value="2026-11-20T15:00:00+01:00"/>'
        '<VideoFrame formatFps="25p"/></N>',
        at,
    )
    clip = recognise(tmp_path).clips[0]

    assert clip.first_recorded == datetime(2026, 11, 20, 14, 0, 0, tzinfo=UTC)
    assert clip.last_recorded == datetime(2026, 11, 20, 14, 0, 20, tzinfo=UTC)


def test_times_of_a_copy_made_by_hand_are_not_taken_for_the_recording(tmp_path: Path) -> None:
    write(tmp_path, "A_0007_1JL0/A_0007C001_261120_091500_a1JL0.mxf", 9, "2026-12-24T18:00:00Z")
    clip = recognise(tmp_path).clips[0]

    assert clip.first_recorded == datetime(2026, 11, 20, 9, 15, tzinfo=UTC)
    assert clip.last_recorded == clip.first_recorded


def test_a_name_without_a_year_gets_the_year_of_its_file(tmp_path: Path) -> None:
    write(tmp_path, "A001_12312359_C001.braw", 9, "2027-01-01T00:05:00Z")
    clip = recognise(tmp_path).clips[0]

    assert clip.first_recorded == datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    assert clip.last_recorded == datetime(2027, 1, 1, 0, 5, tzinfo=UTC)
