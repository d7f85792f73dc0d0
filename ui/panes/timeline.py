"""The timeline pane: cut lists and exact extraction."""

from __future__ import annotations

from typing import ClassVar

from ui.panes import ComingPane


class TimelinePane(ComingPane):
    """Cut lists, marks and extraction; not built yet."""

    key: ClassVar[str] = "timeline"
    title: ClassVar[str] = "Timeline"
    promise: ClassVar[str] = (
        "Drop a cut list here and exactly its frames will be extracted, with handles, from "
        "wherever their clips are."
    )
