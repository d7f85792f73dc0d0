"""Which ffmpeg is used, and what is said where there is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.errors import BadInput, EnvironmentFault, NotFound
from app.jobs.snapshot import JobState
from app.media.ffmpeg.process import run_ffmpeg
from app.media.ffmpeg.program import BROUGHT, find_program, usable_program
from app.media.transcode.programs import programs_for
from app.media.transcode.recipe import transcode_recipe


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Path]:
    def put(words: str) -> Path:
        path = tmp_path / "bin" / "ffmpeg"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\necho '{words}'\n")
        path.chmod(0o755)
        return path

    return put


def test_the_one_of_the_settings_comes_first(program):
    path = program("ffmpeg version 4.4.1-custom")
    found = find_program(str(path))
    assert (found.path, found.version, found.origin) == (str(path), (4, 4), "settings")


def test_else_the_one_of_the_path(program, monkeypatch):
    path = program("ffmpeg version 7.1 Copyright")
    monkeypatch.setenv("PATH", str(path.parent), prepend=":")
    found = find_program()
    assert (found.path, found.version, found.origin) == (str(path), (7, 1), "PATH")


def test_a_build_without_a_number_is_taken(program, monkeypatch):
    path = program("ffmpeg version N-117921-g7fa5a9c36a Copyright")
    monkeypatch.setenv("PATH", str(path.parent), prepend=":")
    assert find_program().path == str(path)
    assert find_program().version is None


@pytest.mark.parametrize("words", ["ffmpeg version 4.3.6-0+deb11u1", "something else", ""])
def test_the_one_that_comes_along_stands_in(program, monkeypatch, words):
    path = program(words)
    monkeypatch.setenv("PATH", str(path.parent), prepend=":")
    found = find_program()
    assert found.origin == BROUGHT
    assert found.version is not None
    assert found.version >= (5, 1)


def test_also_where_the_path_has_none(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_program().origin == BROUGHT


def test_a_wrong_choice_is_named_and_not_passed_over(program, tmp_path):
    with pytest.raises(BadInput, match=r"absent, of the settings, is no program\."):
        find_program(str(tmp_path / "absent"))
    with pytest.raises(BadInput, match="does not start as ffmpeg"):
        find_program(str(program("something else")))


def test_an_old_one_that_was_chosen_is_refused_for_work(program):
    path = program("ffmpeg version 4.4.1")
    with pytest.raises(BadInput, match=r"is ffmpeg 4\.4, and 5\.1 or newer is needed"):
        usable_program(str(path))


def test_another_program_under_its_name_is_asked_anew(program):
    find_program(str(program("ffmpeg version 6.0 of yesterday")))
    assert find_program(str(program("ffmpeg version 7.0"))).version == (7, 0)


def failing_once(folder: Path, ffmpeg: str) -> Path:
    """Fails at its first call with a list of encoders and at its first one with a version."""
    path = folder / "busy"
    path.write_text(
        f'#!/bin/sh\nfor word in "$@"; do last="$word"; done\n'
        f'mkdir "{folder}/$last" 2>/dev/null && exit 1\nexec "{ffmpeg}" "$@"\n'
    )
    path.chmod(0o755)
    return path


def test_a_program_that_was_busy_once_is_asked_again(tmp_path, monkeypatch):
    path = failing_once(tmp_path, "/usr/bin/ffmpeg")
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "absent"))
    recipe = transcode_recipe("keepsake")
    with pytest.raises(BadInput, match="does not start as ffmpeg"):
        find_program(str(path))
    assert find_program(str(path)).path == str(path)

    with pytest.raises(NotFound, match="busy did not tell what it can do"):
        programs_for(recipe, str(path))
    assert programs_for(recipe, str(path)).encode.path == str(path)


class Going:
    """Wishes of a job that simply runs."""

    state = JobState.RUNNING

    def checkpoint(self) -> None:
        """Go on."""


@pytest.mark.parametrize("text", [None, "no program\n"])
def test_a_program_that_cannot_be_started_is_named(tmp_path, text):
    path = tmp_path / "ffmpeg"
    if text is not None:
        path.write_text(text)
        path.chmod(0o755)
    with pytest.raises(EnvironmentFault) as raised:
        run_ffmpeg(str(path), [], Going())
    assert type(raised.value) is EnvironmentFault  # no fault of a clip
    why = "No such file or directory" if text is None else "Exec format error"
    assert raised.value.message == f"{path} does not start: {why}."
