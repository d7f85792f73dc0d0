"""What a file tells of itself, asked in a child process.

Damaged and hostile files make decoders hang, crash, or take all memory. Here that costs a child,
and the answer is a sentence that names the file.
"""

from __future__ import annotations

import json
import subprocess
from fractions import Fraction
from pathlib import Path

import cattrs

from app.errors import BadInput, MediaFault, NotFound
from app.media.facts import ClipFacts
from app.own_process import own_process

PATIENCE = 30.0
"""Seconds that a file may take to tell what it is."""
CONVERTER = cattrs.Converter()
"""Facts as plain data and back; fractions as text, `30000/1001`."""
CONVERTER.register_unstructure_hook(Fraction, str)
CONVERTER.register_structure_hook(Fraction, lambda said, _: Fraction(said))


def probe(path: Path, *, seconds: float = PATIENCE) -> ClipFacts:
    """Container, tracks, timecode and all else that *path* tells of itself.

    Raises NotFound, BadInput for what is no file, MediaFault for a file that is no clip or damaged.
    """
    _check(path)
    try:
        answer = json.loads(_asked(path, seconds))
    except ValueError as error:
        raise MediaFault(f"{path} cannot be read as a clip.", path=path) from error
    if "bug" in answer:
        raise RuntimeError(f"Looking at {path} failed:\n{answer['bug']}")
    if "refused" in answer:
        raise BadInput(str(answer["refused"]), hint=str(answer["hint"]), path=path)
    if "fault" in answer:
        raise MediaFault(str(answer["fault"]), path=path)
    return CONVERTER.structure(answer["facts"], ClipFacts)


def _check(path: Path) -> None:
    try:
        if path.is_dir():
            return
        if not path.is_file():
            if not path.exists():
                raise NotFound(f"There is no file {path}.", path=path)
            raise BadInput(f"{path} is no file.", path=path)
        if not path.stat().st_size:
            raise MediaFault(f"{path} is empty.", path=path)
    except OSError as error:
        raise MediaFault(f"{path} cannot be read: {error.strerror}.", path=path) from error


def _asked(path: Path, seconds: float) -> bytes:
    command, environment = own_process("app.media.probe_process", path.absolute())
    try:
        child = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise MediaFault(
            f"{path} did not tell what it is within {seconds:.0f} seconds.", path=path
        ) from error
    if child.returncode != 0:
        raise MediaFault(f"{path} is damaged: the program that read it broke down.", path=path)
    return child.stdout
