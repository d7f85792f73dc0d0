"""What a file tells of itself, asked in a child process.

Damaged and hostile files make decoders hang, crash, or take all memory. Here that costs a child,
and the answer is a sentence that names the file.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from app.errors import BadInput, MediaFault, NotFound
from app.media.facts.external import ExternalDecoder, decoder_for, first_picture
from app.media.facts.values import CONVERTER, ClipFacts
from app.own_process import own_process

__all__ = ["CONVERTER", "PATIENCE", "probe"]

PATIENCE = 30.0
"""Seconds that a file may take to tell what it is."""
_LAST_WORDS = 5.0
"""Seconds that a killed child is waited for."""
_REFUSALS = {"NotFound": NotFound, "BadInput": BadInput}


def probe(
    path: Path, *, seconds: float = PATIENCE, decoders: Mapping[str, str] | None = None
) -> ClipFacts:
    """Container, tracks, timecode and all else that the clip of *path* tells of itself.

    *path* is any file of a clip, or a folder that holds nothing but one. *decoders* are command
    lines of programs by extension, for what cannot be decoded here: see `external`.

    Raises NotFound, BadInput for what is no file, MediaFault for a file that is no clip or damaged.
    """
    external = decoder_for(path, decoders) if decoders else None
    try:
        facts = _told(path, seconds)
    except MediaFault:
        if external is None or not path.stat().st_size:
            raise
        facts = ClipFacts(
            container=path.suffix[1:].upper(), name=path.stem, size=path.stat().st_size
        )
    first = _first_file(path, facts)
    external = external or (decoder_for(first, decoders) if decoders else None)
    if external is None or (facts.picture is not None and facts.picture.decodable):
        return facts
    return _decoded(facts, first, external)


def _told(path: Path, seconds: float) -> ClipFacts:
    try:
        answer = json.loads(_asked(path, seconds))
    except ValueError as error:
        raise MediaFault(f"{path} cannot be read as a clip.", path=path) from error
    if "bug" in answer:
        raise RuntimeError(f"Looking at {path} failed:\n{answer['bug']}")
    if "refusal" in answer:
        raise _REFUSALS[answer["refusal"]](answer["text"], hint=answer["hint"], path=path)
    if "fault" in answer:
        raise MediaFault(str(answer["fault"]), path=path)
    return CONVERTER.structure(answer["facts"], ClipFacts)


def _first_file(path: Path, facts: ClipFacts) -> Path:
    """The file in which the clip of *path* begins."""
    folder = path if path.is_dir() else path.parent
    if facts.row is not None:
        return folder / (facts.row.pattern % facts.row.first)
    begins = folder / facts.parts[0] if facts.parts else path
    return begins if begins.is_file() else path


def _decoded(facts: ClipFacts, first: Path, external: ExternalDecoder) -> ClipFacts:
    """The facts with those of the first picture that an external program shows."""
    known = facts.picture
    try:
        shown = first_picture(external, first)
    except MediaFault as fault:
        if known is None:
            raise
        return replace(facts, remarks=(*facts.remarks, str(fault)))
    shown = replace(shown, decoder=external.name, decodable=False)
    if known is not None:
        shown = replace(
            known,
            decoder=external.name,
            width=known.width or shown.width,
            height=known.height or shown.height,
            rate=known.rate or shown.rate,
            pixel_format=shown.pixel_format,
            bits=shown.bits,
        )
    return replace(facts, video=(shown, *facts.video[1:]))


def _asked(path: Path, seconds: float) -> bytes:
    command, environment = own_process("app.media.facts.probe_process", path.absolute())
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    try:
        told, _ = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise MediaFault(
            f"{path} did not tell what it is within {seconds:.0f} seconds.", path=path
        ) from error
    finally:
        child.kill()
        # A drive that does not answer holds its reader, and must not hold whoever asked as well.
        with contextlib.suppress(subprocess.TimeoutExpired, ValueError):
            child.communicate(timeout=_LAST_WORDS)
    if child.returncode != 0:
        raise MediaFault(f"{path} is damaged: the program that read it broke down.", path=path)
    return told
