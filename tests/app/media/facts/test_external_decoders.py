"""Programs of other makers, for what nobody here can decode: real scripts, good and bad ones."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path

import psutil
import pytest
from offload_bench import wait_for
from picture_bench import arriraw, r3d, row_of

from app.errors import BadInput, MediaFault
from app.media.facts.external import decoder_for, ended, first_picture, started
from app.media.facts.probe import probe

Y4M = "ffmpeg -v error -f lavfi -i testsrc2=s=640x360:r=24000/1001 -f yuv4mpegpipe -"


def script(folder: Path, text: str, name: str = "showraw") -> str:
    """A command line of a program that does *text*, with the file as its first argument."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return f"{shlex.quote(str(path))} {{file}} {{first}} {{frames}}"


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return r3d(tmp_path / "A003_C014_1120AB_001.R3D")


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


def test_a_program_tells_what_the_pictures_are_like(clip: Path, tmp_path: Path) -> None:
    said = tmp_path / "said"
    command = script(tmp_path, f'printf "%s\\n" "$@" >{said}\nexec {Y4M}')  # never ends by itself
    before = children()
    facts = probe(clip, decoders={"r3d": command})
    (picture,) = facts.video
    assert picture.decoder == "showraw"
    assert (picture.pixel_format, picture.bits) == ("yuv420p", 8)
    assert (picture.width, picture.height) == (8192, 4320)  # the header's, not the small picture's
    assert picture.rate == Fraction(24000, 1001)
    assert str(facts.start) == "21:36:16:18"
    assert facts.remarks == ()
    assert said.read_text().splitlines() == [str(clip), "0", "1"]
    assert children() <= before, "the program goes on"


@pytest.mark.parametrize("form", ["png", "ppm"])
def test_single_pictures_will_do_and_have_no_rate(tmp_path: Path, form: str) -> None:
    picture = row_of(tmp_path / "p", f"a.{form}", 1, "-update", "1") / f"a.{form}"
    path = tmp_path / "a.xyz"
    decoder = decoder_for(path, {"xyz": script(tmp_path, f"cat {picture} {picture}")})
    assert decoder is not None
    track = first_picture(decoder, path)
    assert (track.width, track.height, track.rate, track.frames) == (96, 54, 0, 0)


def test_a_format_that_is_not_known_at_all_becomes_a_clip(tmp_path: Path) -> None:
    path = tmp_path / "scan.xyz"
    path.write_bytes(os.urandom(5000))
    with pytest.raises(MediaFault, match="is no clip"):
        probe(path)
    facts = probe(path, decoders={".XYZ": script(tmp_path, Y4M)})
    assert (facts.container, facts.name, facts.size) == ("XYZ", "scan", 5000)
    assert (facts.video[0].width, facts.video[0].decoder) == (640, "showraw")
    with pytest.raises(
        MediaFault, match=r"showraw gave no picture of .*scan\.xyz\. It ended with 7"
    ):
        probe(path, decoders={"xyz": script(tmp_path, "exit 7")})


def test_a_row_of_pictures_is_shown_from_its_first_file(tmp_path: Path) -> None:
    for number in (7, 8):
        arriraw(tmp_path / "r" / f"A003C001.{number:07}.ari")
    said = tmp_path / "said"
    command = script(tmp_path, f'echo "$1" >{said}\nexec {Y4M}')
    for asked in (tmp_path / "r", tmp_path / "r" / "A003C001.0000008.ari"):
        assert probe(asked, decoders={"ari": command}).video[0].decoder == "showraw"
        assert said.read_text().strip() == str(tmp_path / "r" / "A003C001.0000007.ari")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("echo no licence found >&2; exit 3", 'It ended with 3. It said: "no licence found"'),
        ("exit 0", "gave no picture"),
        ("cat /dev/zero | head -c 3000000", "gave no picture"),
        ("head -c 100000 /dev/urandom", "gave no picture"),
        ("kill -9 $$", "gave no picture"),
        (f"{Y4M} | head -c 5000", "gave no picture"),
        ("yes trouble | head -c 50000000 >&2; exit 1", "trouble"),
    ],
)
def test_a_program_that_fails_is_named_and_the_clip_is_told(
    clip: Path, tmp_path: Path, text: str, told: str
) -> None:
    before = children()
    facts = probe(clip, decoders={"r3d": script(tmp_path, text)})
    assert facts.video[0].decoder == ""
    assert (facts.video[0].codec_name, facts.video[0].width) == ("REDCODE RAW", 8192)
    (remark,) = facts.remarks
    assert remark.startswith(f"showraw gave no picture of {clip}.")
    assert told in remark
    assert children() <= before


def test_a_program_that_hangs_is_ended_with_all_that_it_started(clip: Path, tmp_path: Path) -> None:
    own = tmp_path / "pids"
    command = script(tmp_path, f"sleep 1000 & echo $! $$ >{own}; exec sleep 1000")
    decoder = decoder_for(clip, {"r3d": command})
    assert decoder is not None
    with pytest.raises(MediaFault, match=r"gave no picture of .* within 2 seconds"):
        first_picture(decoder, clip, seconds=2)
    gone = [int(pid) for pid in own.read_text().split()]
    assert len(gone) == 2
    for pid in gone:
        running = psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        assert not running


def test_a_picture_larger_than_any_is_not_read(clip: Path, tmp_path: Path) -> None:
    command = script(
        tmp_path, "printf 'YUV4MPEG2 W30000 H30000 F25:1\\nFRAME\\n'; exec cat /dev/zero"
    )
    (remark,) = probe(clip, decoders={"r3d": command}).remarks
    assert "gave no picture" in remark


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("showraw", "does not say where the file goes"),
        ("{file}", "does not say where the file goes"),
        ("'showraw {file}", "open quote"),
        ("", "does not say where the file goes"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused_by_name(clip: Path, line: str, told: str) -> None:
    with pytest.raises(BadInput, match="external_decoders: the command for r3d") as caught:
        probe(clip, decoders={"r3d": line})
    assert told in str(caught.value)


def test_a_program_that_is_not_there_is_named(clip: Path) -> None:
    (remark,) = probe(clip, decoders={"r3d": "/no/such/program {file}"}).remarks
    assert remark.startswith("/no/such/program, which the settings name")


def test_no_name_of_a_file_is_taken_for_a_command(tmp_path: Path) -> None:
    said = tmp_path / "said"
    path = r3d(tmp_path / "a; touch {first} $(touch x) 'q'.R3D")
    command = script(tmp_path, f'printf "%s" "$1" >{said}; exec {Y4M}')
    assert probe(path, decoders={"r3d": command}).video[0].decoder == "showraw"
    assert said.read_text() == str(path)


def test_what_can_be_decoded_here_needs_no_program(tmp_path: Path) -> None:
    folder = row_of(tmp_path / "r", "a.%04d.dpx", 2)
    facts = probe(folder, decoders={"dpx": script(tmp_path, f"touch {tmp_path}/called")})
    assert facts.video[0].decodable
    assert not (tmp_path / "called").exists()


HOLDS_ON = """
import ctypes, sys, time
libc = ctypes.CDLL(None, use_errno=True)
PTRACE_SEIZE = 0x4206
assert libc.ptrace(PTRACE_SEIZE, int(sys.argv[1]), None, None) == 0
print("held", flush=True)
time.sleep(60)
"""


@pytest.mark.root
def test_a_program_that_the_kernel_keeps_is_not_waited_for_without_end(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.media.facts.external._LAST_WORDS", 0.2)
    decoder = decoder_for(clip, {"r3d": script(tmp_path, "sleep 60")})
    assert decoder is not None
    program = started(decoder, clip)
    line = [sys.executable, "-c", HOLDS_ON, str(program.pid)]
    with subprocess.Popen(line, stdout=subprocess.PIPE) as tracer:  # until it lets go, none is gone
        assert tracer.stdout is not None
        assert tracer.stdout.readline() == b"held\n"
        ends = threading.Thread(target=ended, args=(program, 0), daemon=True)
        ends.start()
        ends.join(20)
        waits = ends.is_alive()
        tracer.kill()
    ends.join(20)
    program.wait(20)
    assert program.stderr is not None
    program.stderr.close()
    assert not waits


def test_a_program_ends_with_the_window_that_asked_it_however_that_ends() -> None:
    asks = (
        "from pathlib import Path; from app.media.facts.external import ExternalDecoder, started\n"
        "program = started(ExternalDecoder(('sleep', '1000')), Path('clip.r3d'))\n"
        "print(program.pid, flush=True); program.wait()"
    )
    window = subprocess.Popen([sys.executable, "-c", asks], stdout=subprocess.PIPE)
    assert window.stdout is not None
    program = psutil.Process(int(window.stdout.readline()))
    wait_for(lambda: program.name() == "sleep", "the program runs")
    window.kill()
    window.communicate()
    wait_for(
        lambda: not program.is_running() or program.status() == psutil.STATUS_ZOMBIE,
        "the program is gone",
    )
