"""A spec says what a job is to do: frozen, complete, and the same in JSON.

The journal keeps specs as JSON, so a job that was interrupted years ago still says what it was.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, NewType, TypeVar

import cattrs

from app.errors import BadInput

JobId = NewType("JobId", str)
"""Six hex digits, upper case, as people read them to each other: AF1ADD."""


def new_job_id() -> JobId:
    """A fresh job id."""
    return JobId(secrets.token_hex(3).upper())


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What a job is to do. Subclasses add fields and set `kind`."""

    kind: ClassVar[str] = ""
    after: JobId | None = None
    """Another job that must have ended well before this one starts; until then it waits.

    If that one fails, this one says so and needs a person: to retry that one, or to cancel this.
    """


_KINDS: dict[str, type[Spec]] = {}
S = TypeVar("S", bound=Spec)


def job_kind(spec: type[S]) -> type[S]:
    """Class decorator: make *spec* readable back from the journal by its `kind`."""
    _KINDS[spec.kind] = spec
    return spec


def _converter() -> cattrs.Converter:
    made = cattrs.Converter(forbid_extra_keys=False)
    made.register_unstructure_hook(Path, str)
    made.register_structure_hook(Path, lambda text, _: Path(text))
    made.register_unstructure_hook(datetime, lambda moment: moment.isoformat())
    made.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    return made


CONVERTER = _converter()
"""Turns the engine's frozen values into plain data and back."""


def to_json(value: object) -> str:
    """Any of the engine's frozen values as one line of ASCII JSON (odd names survive)."""
    return json.dumps(CONVERTER.unstructure(value), ensure_ascii=True)


def spec_to_json(spec: Spec) -> str:
    """*spec* as the journal keeps it."""
    return json.dumps({"kind": spec.kind, **CONVERTER.unstructure(spec)}, ensure_ascii=True)


def spec_from_json(text: str) -> Spec:
    """The spec behind *text*; BadInput when no job of this kind is known here."""
    data: Mapping[str, Any] = json.loads(text)
    kind = data.get("kind", "")
    if kind not in _KINDS:
        raise BadInput(
            f'The journal holds a job of the kind "{kind}", which this version does not know.'
        )
    return CONVERTER.structure(data, _KINDS[kind])
