"""The two columns of tiles, with what each button on a tile does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from ui.panes.offload_column import TileColumn
from ui.widgets.card_tile import CardFace, CardTile
from ui.widgets.destination_tile import DestinationFace, DestinationTile
from ui.widgets.empty import EmptyState
from ui.widgets.plan_view import narrow

if TYPE_CHECKING:
    from ui.panes.offload import OffloadPane


def card_column(pane: OffloadPane) -> TileColumn[CardFace, CardTile]:
    """The cards: choose with click, Space and arrows; Ctrl adds one, Shift a row."""
    empty = EmptyState(
        "card",
        "No card yet",
        "Plug in a card, or drop a card or folder anywhere.",
        action="Add card…",
        on_action=pane.add_card,
    )
    narrow(empty)

    def make(face: CardFace) -> CardTile:
        tile = CardTile(face)
        tile.picked.connect(lambda key, keys: _pick(pane, key, keys))
        tile.moved.connect(lambda key, step, keys: _move(pane, key, step, keys))
        tile.evidence_wanted.connect(pane.show_evidence)
        tile.report_wanted.connect(pane.open_report)
        tile.eject_wanted.connect(pane.eject_card)
        tile.remove_wanted.connect(pane.desk.remove_card)
        tile.retry_wanted.connect(pane.retry_card)
        tile.verify_wanted.connect(pane.deeds.verify_copies)
        return tile

    return TileColumn(
        "Cards", "Drop a card or folder anywhere", empty, make, ("Add card…", pane.add_card)
    )


def _pick(pane: OffloadPane, key: str, keys: Qt.KeyboardModifier) -> None:
    pane.desk.choose(
        key,
        also=bool(keys & Qt.KeyboardModifier.ControlModifier),
        up_to=bool(keys & Qt.KeyboardModifier.ShiftModifier),
    )


def _move(pane: OffloadPane, key: str, step: int, keys: Qt.KeyboardModifier) -> None:
    """Arrows choose the next card; with Ctrl only the focus moves, with Shift the row grows."""
    target = pane.desk.cards.neighbour(key, step)
    if not keys & Qt.KeyboardModifier.ControlModifier:
        if keys & Qt.KeyboardModifier.ShiftModifier:
            pane.desk.choose(target, also=not pane.desk.cards.is_chosen(target) or target == key)
        else:
            pane.desk.choose(target)
    pane.cards.focus_tile(target)


def destination_column(pane: OffloadPane) -> TileColumn[DestinationFace, DestinationTile]:
    """The destinations: Return opens the options, Delete takes one out."""
    empty = EmptyState(
        "drive",
        "No destination yet",
        "Drop drives or folders here. Two on different drives make a card safe.",
        action="Add destination…",
        on_action=pane.suggestions.open,
    )
    narrow(empty)

    def make(face: DestinationFace) -> DestinationTile:
        tile = DestinationTile(face)
        tile.options_wanted.connect(pane.edit_options)
        tile.moved.connect(lambda key, step: _step(pane, key, step))
        tile.eject_wanted.connect(pane.eject_destination)
        tile.remove_wanted.connect(pane.desk.remove_destination)
        tile.retry_wanted.connect(pane.retry_destination)
        tile.replace_wanted.connect(pane.replace_destination)
        tile.leave_out_wanted.connect(pane.deeds.leave_out)
        tile.repair_wanted.connect(pane.deeds.repair_destination)
        tile.verify_wanted.connect(pane.deeds.verify)
        tile.details_wanted.connect(pane.show_details)
        return tile

    return TileColumn(
        "Destinations",
        "Drop a drive or folder",
        empty,
        make,
        ("Add destination…", pane.suggestions.open),
    )


def _step(pane: OffloadPane, key: str, step: int) -> None:
    keys = pane.destinations.keys
    if key in keys:
        pane.destinations.focus_tile(keys[max(0, min(len(keys) - 1, keys.index(key) + step))])
