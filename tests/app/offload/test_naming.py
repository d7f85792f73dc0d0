"""Names of folders from templates, whatever people and cameras put into the tokens."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BadInput
from app.offload.naming import (
    TOKENS,
    NamingFacts,
    check_template,
    folders,
    numbered,
    shooting_day,
    split_template,
)


def facts(**changed: object) -> NamingFacts:
    known = {
        "moment": datetime(2026, 11, 20, 17, 4, tzinfo=UTC), "rollover_hour": 6,
        "project": "Nordlicht", "camera": "ARRI Mini", "roll": "A003", "label": "A003R1AB",
        "counter": 7, "text": "night",
    }  # fmt: skip
    return NamingFacts(**{**known, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{roll}", "A003"),
        ("{date}/{project}/{roll}", "2026-11-20/Nordlicht/A003"),
        ("{day}_{camera}_{counter:3}", "20261120_ARRI Mini_007"),
        ("{time}-{text}-{label}", "1704-night-A003R1AB"),
        ("", ""),
        ("//{roll}//", "A003"),
    ],
)
def test_tokens_become_folders(template: str, expected: str) -> None:
    assert folders(template, facts()) == expected


def test_what_is_offloaded_at_night_belongs_to_the_day_before() -> None:
    night = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
    assert shooting_day(night, 6) == date(2026, 11, 20)
    assert shooting_day(night, 0) == date(2026, 11, 21)
    assert folders("{date}", facts(moment=night)) == "2026-11-20"


def test_empty_tokens_leave_no_empty_folders_and_no_doubled_marks() -> None:
    assert folders("{project}/{roll}", facts(project="")) == "A003"
    assert folders("{date}_{project}_{roll}", facts(project="")) == "2026-11-20_A003"


def test_folders_of_clips_begin_where_the_clip_is_named() -> None:
    assert split_template("{date}/{roll}/{clip}/{camera}") == ("{date}/{roll}", "{clip}/{camera}")
    assert split_template("{date}/{roll}") == ("{date}/{roll}", "")


@pytest.mark.parametrize(
    ("template", "said"),
    [("{rol}", "no token"), ("{roll", "brace"), ("roll}", "brace"), ("../{roll}", "climb"),
     ("a/./b", "climb")],
)  # fmt: skip
def test_a_template_that_makes_no_sense_is_refused(template: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        check_template(template)


words = st.text(max_size=12) | st.sampled_from(["..", ".", "/", "../../etc", "a/b", "\0", "\n"])


@given(
    st.lists(st.sampled_from([f"{{{t}}}" for t in TOKENS] + ["/", "_", "x"]), max_size=8),
    words, words, words, words, words, words,
)  # fmt: skip
def test_nothing_that_is_put_into_a_token_leaves_the_destination(
    parts: list[str], project: str, camera: str, roll: str, label: str, text: str, clip: str
) -> None:
    known = facts(project=project, camera=camera, roll=roll, label=label, text=text)
    path = folders("".join(parts), known, clip)
    assert not path.startswith("/")
    for part in path.split("/") if path else ():
        assert part
        assert part.strip(".")
        assert not set(part) & set('\\:*?"<>|\0\n\r\t')


def test_a_number_stands_before_the_ending() -> None:
    assert numbered("CLIPS/A003C001.mov", 2) == "CLIPS/A003C001 (2).mov"
    assert numbered("A.B/noending", 3) == "A.B/noending (3)"
    assert numbered(".hidden", 2) == ".hidden (2)"
