"""The library pane: every clip and every copy of it."""

from __future__ import annotations

from typing import ClassVar

from ui.panes import ComingPane


class LibraryPane(ComingPane):
    """One catalog of every clip and every copy; not built yet."""

    key: ClassVar[str] = "library"
    title: ClassVar[str] = "Library"
    promise: ClassVar[str] = (
        "Every clip and every copy of it will be found here, on disks, in archives and on "
        "tapes that are not mounted."
    )
