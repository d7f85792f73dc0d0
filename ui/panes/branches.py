"""The branches pane: versions of a project."""

from __future__ import annotations

from typing import ClassVar

from ui.panes import ComingPane


class BranchesPane(ComingPane):
    """Versions, differences and merges of a project; not built yet."""

    key: ClassVar[str] = "branches"
    title: ClassVar[str] = "Branches"
    promise: ClassVar[str] = (
        "Versions of a project will be kept, compared and merged here, and nothing is stored twice."
    )
