"""What tests of contact sheets share: the numbers on the tiles, and the timecodes below them."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from pathlib import Path

import numpy as np
from numbered_clips import number_in
from PIL import Image

from app.engine import Engine
from app.jobs.snapshot import JobSnapshot
from app.media.montage.sheet import layout_of
from app.media.montage.spec import USUAL_WIDTH, MadeSheet, MontageSpec, SheetForm, SheetResult

SIZE = (320, 180)
"""Pixels of the numbered clips."""


def tiles_on(
    sheet: MadeSheet, picture: tuple[int, int] = SIZE, width: int = USUAL_WIDTH
) -> list[Image.Image]:
    """The pictures on a PNG or JPEG sheet, in their order."""
    layout = layout_of(picture, sheet.tiles, sheet.grid, width, "", "")
    found = []
    with Image.open(sheet.path) as image:
        assert image.size == (sheet.width, sheet.height)
        deeper = image.height - layout.height  # of its heading, which has as many lines as it needs
        for n in range(sheet.tiles):
            left, top = layout.place(n)
            top += deeper
            found.append(image.crop((left, top, left + layout.tile[0], top + layout.tile[1])))
    return found


def numbers_on(sheet: MadeSheet) -> list[int]:
    """The number that each picture on a sheet carries."""
    return [number_in(np.asarray(tile.convert("L"))) for tile in tiles_on(sheet)]


def pairs_in_pdf(path: Path) -> list[tuple[int, str]]:
    """Number and timecode of each picture in a PDF, by poppler, which knows nothing of us."""
    folder = path.with_suffix(".pictures")
    folder.mkdir()
    subprocess.run(["pdfimages", "-j", path, folder / "n"], check=True, timeout=60)
    numbers = []
    for picture in sorted(folder.iterdir()):
        with Image.open(picture) as image:
            numbers.append(number_in(np.asarray(image.convert("L"))))
    return list(zip(numbers, timecodes_in_pdf(path), strict=True))


def timecodes_in_pdf(path: Path) -> list[str]:
    """The timecodes below the pictures, in the order in which they were drawn."""
    said = subprocess.run(
        ["pdftotext", "-raw", path, "-"], check=True, capture_output=True, timeout=60
    )
    words = said.stdout.decode().split()
    return [word for word, after in pairwise(words) if after.startswith("#")]


def sheets_of(
    engine: Engine, *files: Path, to: Path, form: SheetForm = SheetForm.PNG, **more: object
) -> tuple[JobSnapshot, tuple[SheetResult, ...]]:
    """Run a montage job to its end; how it ended, and what became of each clip."""
    spec = MontageSpec(files=files, to=to, form=form, **more)  # type: ignore[arg-type]
    ended = engine.run(spec)
    return ended, engine.montages.results(ended.id)
