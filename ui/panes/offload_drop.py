"""What to do with what was dropped somewhere on the window: cards left, drives right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from app.errors import ReelkeepError
from ui.panes.offload_desk import OffloadDesk
from ui.words import printable

MANIFEST = ".mhl"
PLAIN = "folder"
"""Structure of what is no camera's card."""


def sort_dropped(
    desk: OffloadDesk,
    paths: Sequence[Path],
    add_destinations: Callable[[Sequence[Path]], object],
    verify: Callable[[str], object],
) -> None:
    """Add *paths* as cards where a camera's structure is on them, else as what is still missing.

    A plain folder becomes a card while there is none, and a destination afterwards. A manifest
    asks for the copy that it describes to be verified.
    """
    engine = desk.bridge.engine
    manifests = [path for path in paths if path.suffix.lower() == MANIFEST]
    paths = [path for path in paths if path not in manifests]
    for manifest in manifests:
        verify(str(manifest))
    if not paths:
        return

    def look() -> list[tuple[Path, bool]]:
        found = []
        for path in paths:
            folder = path if path.is_dir() else path.parent
            try:
                structure = engine.recognise(folder).structure
            except ReelkeepError:
                structure = PLAIN
            found.append((folder, structure != PLAIN))
        return found

    def sort(found: list[tuple[Path, bool]]) -> None:
        unique = dict(found)
        cards = [path for path, is_card in unique.items() if is_card]
        plain = [path for path, is_card in unique.items() if not is_card]
        if plain and not cards and not desk.cards.entries:
            cards.append(plain.pop(0))
        if cards:
            desk.add_cards(cards)
        if plain:
            add_destinations(plain)
        _say(desk, cards, plain)

    desk.bridge.ask(look, sort)


def _say(desk: OffloadDesk, cards: Sequence[Path], plain: Sequence[Path]) -> None:
    parts = [f"{_names(cards)} added as card"] if cards else []
    if plain:
        parts.append(f"{_names(plain)} added as destination")
    desk.said.emit(f"{', '.join(parts)}.")


def _names(paths: Sequence[Path]) -> str:
    return ", ".join(printable(path.name or str(path)) for path in paths)
