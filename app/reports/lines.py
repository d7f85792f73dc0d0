"""Rows of the table of files, ready to be set as HTML."""

from __future__ import annotations

from typing import NamedTuple

from app.reports.evidence import Mark


class Cell(NamedTuple):
    """One copy in a file's row."""

    mark: Mark
    words: str
    moment: str


class Line(NamedTuple):
    """One file's row, ready for the template."""

    path: str
    size: str
    modified: str
    mark: Mark
    state: str
    cells: list[Cell]
    hashes: list[tuple[str, str]]
    remarks: list[tuple[str, str]]


NO_COPY = Cell(Mark.NONE, "no copy", "")
