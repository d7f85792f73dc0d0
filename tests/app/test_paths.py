"""A profile is one folder; nothing that Reelkeep remembers lies elsewhere."""

import os
from pathlib import Path

import pytest

from app.errors import BadInput, WriteFailed
from app.paths import Profile, absolute, site_file


def test_everything_of_a_profile_lies_in_its_folder(tmp_path):
    profile = Profile.at(tmp_path / "p")
    places = (
        profile.settings_file,
        profile.journal,
        profile.catalog,
        profile.log_directory,
        profile.reports,
    )

    assert {place.parent for place in places} == {tmp_path / "p"}
    assert not profile.directory.exists()


def test_a_profile_is_for_its_owner_only(tmp_path):
    profile = Profile.at(tmp_path / "a" / "b").create()

    assert profile.directory.stat().st_mode & 0o777 == 0o700
    assert profile.create() == profile


def test_a_relative_profile_means_the_folder_it_was_named_from(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert Profile.at(Path("p")).directory == tmp_path / "p"


def test_without_a_name_the_profile_is_the_person_s_own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))

    assert Profile.at().directory == tmp_path / "reelkeep"
    assert site_file() == Path("/etc/reelkeep/config.toml")


def test_a_profile_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "p").write_text("")

    with pytest.raises(BadInput, match="is a file"):
        Profile.at(tmp_path / "p").create()


def test_a_profile_that_cannot_be_made_names_the_folder_and_the_way_out(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(WriteFailed, match=r"file/p could not be made.*--profile"):
        Profile.at(tmp_path / "file" / "p").create()


def test_a_name_that_is_no_utf8_makes_a_profile_too(tmp_path):
    odd = tmp_path / os.fsdecode(b"caf\xe9")

    assert Profile.at(odd).create().directory.is_dir()


def test_home_is_understood(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))

    assert absolute(Path("~/a/../b")) == tmp_path / "b"
