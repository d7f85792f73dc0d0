"""The listing of a large card is packed, and is the same listing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.offload.card import listing as packing
from app.offload.card.listing import Packed, bare, listing
from app.places.cards import identity_of, recognise
from app.places.tree import list_tree


@pytest.fixture
def card(tmp_path: Path) -> Path:
    root = tmp_path / "A003"
    for n in range(700):
        path = root / f"SHOT_{n // 300}" / f"frame.{n:05}.dpx"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * (n % 7))
    (root / "SHOT_0" / "clip.mov").write_bytes(b"film")
    (root / "SHOT_0" / "clip.wav").write_bytes(b"sound")
    (root / "no ending").write_bytes(b"1")
    Path(os.fsdecode(os.fsencode(root) + b"/\xff\xfe.MOV")).write_bytes(b"2")
    (root / "line\nbreak.mov").write_bytes(b"3")
    (root / "link").symlink_to("SHOT_0")
    os.mkfifo(root / "pipe")
    return root


def test_what_was_packed_comes_out_again_as_it_was(
    card: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = list_tree(card)
    assert listing(plain) == tuple(plain), "few are kept as they are"
    monkeypatch.setattr(packing, "PLAIN", 100)
    packed = listing(iter(plain))
    assert isinstance(packed, Packed)
    assert list(packed) == plain == list(packed), "it can be gone through again"
    assert (len(packed), packed[3], packed[-2:]) == (len(plain), plain[3], tuple(plain[-2:]))


def test_a_card_whose_listing_is_packed_is_recognised_as_the_same(card: Path) -> None:
    plain = list_tree(card)
    packed = Packed(plain)
    seen = recognise(card, bare(packed))
    assert seen == recognise(card, plain)
    assert {"clip", "SHOT_0", "SHOT_1", "SHOT_2"} <= {clip.name for clip in seen.clips} | {
        Path(clip.files[0]).parent.name for clip in seen.clips
    }
    assert identity_of(seen, packed) == identity_of(seen, plain)
