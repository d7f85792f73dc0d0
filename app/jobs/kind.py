"""What the runner has to know of a job, and of a kind of jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.jobs.control import JobControl
from app.jobs.spec import JobId, Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What the runner needs to know of a job before it runs."""

    title: str
    lanes: frozenset[str]
    """Devices that it keeps busy; jobs that share one run one after the other."""
    facts: Mapping[str, object]
    """Written to the journal with the job, e.g. its plan."""
    shown: Mapping[str, object] = field(default_factory=dict)
    """What its snapshot shows until it runs, and when a crash has cut it off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind:
    """How jobs of one kind are prepared and run; `app.engine` holds the table."""

    prepare: Callable[[Spec], Task]
    """Plan it, or refuse; nothing is written."""
    run: Callable[[JobId, Spec, JobControl], bool]
    """Do it. True: all that was asked is done. False: something failed or differs."""
    confirmed: Callable[[JobId, Spec], Mapping[str, Any]] = lambda job, spec: {}
    """What the journal alone knows of a job that was cut off, as facts of its snapshot."""
    clear_up: Callable[[JobId, Spec], Sequence[str]] = lambda job, spec: ()
    """Remove what a job that was cut off has left half written; answers, in words, what stays."""
