import pytest
from hypothesis import given
from hypothesis import strategies as st
from invented_reports import HOSTILE

from app.reports.visible import visible, visible_path

ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("A003/A003C001.mxf", "A003/A003C001.mxf"),
        ("a b.mov", "a b.mov"),
        ("a\nb", "a\\nb"),
        ("a\\nb", "a\\\\nb"),
        ("a\udcffb", "a\\xffb"),
        ("a\u202eb", "a\\u{202e}b"),
        ("a\xa0b", "a\\u{a0}b"),
        (" a/b ", "\\u{20}a/b\\u{20}"),
        ("👩\u200d🎤.mov", "👩\u200d🎤.mov"),
        ("a\ud800b", "a\\u{d800}b"),
    ],
)
def test_a_path_shows_what_it_holds(path, shown):
    assert visible_path(path) == shown


def test_sentences_keep_their_backslashes_and_narrow_spaces():
    assert visible("C:\\Clips 12\xa0GB") == "C:\\Clips 12\xa0GB"


@given(ANY_TEXT)
def test_whatever_a_file_is_called_its_shown_name_can_be_written_on_one_line(name):
    for shown in (visible_path(name), visible(name)):
        shown.encode("utf-8")
        assert not set(shown) & set("\n\r\t\0\x1b\u2028\u202e")


@given(ANY_TEXT, ANY_TEXT)
def test_two_names_are_never_shown_as_one(one, other):
    assert one == other or visible_path(one) != visible_path(other)


def test_hostile_names_stay_different_when_shown():
    assert len({visible_path(name) for name in HOSTILE}) == len(HOSTILE)
