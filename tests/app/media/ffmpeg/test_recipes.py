"""Recipes for proxies: ours, a person's own, and what is said of a wrong one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.errors import BadInput, NotFound
from app.media.proxy.recipes import Container, PictureCodec, ProxySize, SoundCodec, recipe_named

PAGE = Path(__file__).parents[4] / "docs" / "recipes.md"
GOOD = """
kind = "proxy"
size = "preview"
container = "mp4"
[picture]
codec = "h264"
heights = [540]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "recipes"
    made.mkdir()
    return made


def test_ours_are_what_the_manual_says():
    thumbnail, preview, editorial = map(recipe_named, ProxySize)
    assert [one.size for one in (thumbnail, preview, editorial)] == list(ProxySize)
    assert preview.picture.heights == (360, 720)
    assert preview.picture.key_distance == thumbnail.picture.key_distance == 12
    assert (editorial.picture.codec, editorial.container) == (PictureCodec.PRORES, Container.MOV)
    assert recipe_named("dnxhr").picture.codec is PictureCodec.DNXHR
    assert thumbnail.sound.codec is SoundCodec.NONE


def test_an_own_one_takes_the_place_of_ours_and_another_adds_to_them(folder):
    (folder / "preview.toml").write_text(GOOD)
    (folder / "dailies.toml").write_text(GOOD + "[burn_in]\ntimecode = true\n")
    assert recipe_named("preview", folder).picture.heights == (540,)
    assert recipe_named("dailies", folder).burn_in.timecode
    assert recipe_named("preview").picture.heights == (360, 720)
    with pytest.raises(NotFound, match='There is no recipe "none"') as raised:
        recipe_named("none", folder)
    assert "dailies" in raised.value.hint


def test_a_lut_lies_beside_its_recipe(folder):
    (folder / "look.toml").write_text('lut = "show.cube"\n' + GOOD)
    assert recipe_named("look", folder).lut == folder / "show.cube"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('size = "preview"', 'size = "huge"'), "size = 'huge' makes no sense; there are: thumb"),
        (('kind = "proxy"', ""), 'lacks the line kind = "proxy"'),
        (('codec = "h264"', ""), '"picture.codec" is missing.'),
        (("heights", "height"), 'nobody knows the key "picture.height". There are: codec, heights'),
        (("[540]", "[540.5]"), "picture.heights = [540.5] makes no sense"),
        (("[540]", "[5]"), "picture.heights are from 16 to 8192."),
        (("h264", "prores"), 'prores needs container = "mov".'),
        (("[540]", '[540]\nspeed = "now"'), "picture.speed is one of: ultrafast, "),
        (("[540]", "[540]\nquality = 90"), "picture.quality is from 1 to 51."),
        (("[540]", '[540]\n[sound]\ncodec = "pcm"'), 'sound.codec = "pcm" needs container'),
        (("[picture]", "sound = 3\n[picture]"), "[sound] is a table."),
        (("[540]", "[540"), "cannot be read"),
    ],
)
def test_a_mistake_is_named_with_file_and_key(folder, change, words):
    path = folder / "mine.toml"
    path.write_text(GOOD.replace(*change))
    with pytest.raises(BadInput, match=re.escape(words)) as raised:
        recipe_named("mine", folder)
    assert str(path) in raised.value.message


def test_every_recipe_of_the_manual_is_one(folder):
    blocks = re.findall(r"^```toml\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    proxies = [block for block in blocks if 'kind = "proxy"' in block]
    assert len(proxies) == 2
    for n, block in enumerate(proxies):
        (folder / f"page{n}.toml").write_text(block)
        assert recipe_named(f"page{n}", folder).name == f"page{n}"
