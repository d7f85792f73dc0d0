"""The tape pane: LTFS tapes, written, verified, restored."""

from __future__ import annotations

from typing import ClassVar

from ui.panes import ComingPane


class TapePane(ComingPane):
    """LTFS tapes from plan to restore; not built yet."""

    key: ClassVar[str] = "tape"
    title: ClassVar[str] = "Tape"
    promise: ClassVar[str] = (
        "Tapes will be planned, written, spanned, verified and restored here, and browsed while "
        "they lie on the shelf."
    )
