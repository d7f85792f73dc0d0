"""When something was recorded: from what a sidecar or a name tells, else from the files' times."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from app.places.cards.listing import Found

_DAY = timedelta(days=1)
_FULL = re.compile(
    r"(?<!\d)(20\d{2})-?(\d{2})-?(\d{2})[_T -]?(\d{2})[:h]?(\d{2})[:m]?(\d{2})?(?!\d)"
)
_SHORT = re.compile(r"(?<!\d)(\d{2})(\d{2})(\d{2})_(\d{2})(\d{2})(\d{2})(?!\d)")
_MONTH_FIRST = re.compile(r"(?<!\d)(\d{2})(\d{2})(\d{2})(\d{2})(?!\d)")


def moment(text: str) -> datetime | None:
    """A moment out of a sidecar, in ISO form or nearly so; local time where no offset is told."""
    try:
        found = datetime.fromisoformat(text.strip())
        return found if found.tzinfo else found.astimezone()
    except (ValueError, OverflowError, OSError):
        return moment_in(text)


def moment_in(name: str) -> datetime | None:
    """The moment that a file name carries, as `20261120120431`, `261120_120431` and the like."""
    match = _FULL.search(name)
    if match:
        return _local(*(int(group or 0) for group in match.groups()))
    match = _SHORT.search(name)
    if match:
        year, *rest = (int(group) for group in match.groups())
        return _local(2000 + year, *rest)
    return None


def moment_without_year(name: str, near: datetime) -> datetime | None:
    """The moment of a name that tells month, day, hour and minute, in the year that fits *near*."""
    match = _MONTH_FIRST.search(name)
    if not match:
        return None
    month, day, hour, minute = (int(group) for group in match.groups())
    years = (_local(near.year + step, month, day, hour, minute) for step in (-1, 0, 1))
    fitting = [year for year in years if year is not None]
    return min(fitting, key=lambda found: abs(found - near), default=None)


def written_at(found: Found) -> datetime | None:
    """A file's modification time, None when the clock was beyond any calendar."""
    return _from_ns(found.entry.mtime_ns)


def _from_ns(nanoseconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(nanoseconds // 10**9).astimezone()
    except (ValueError, OverflowError, OSError):
        return None


def span_of(
    files: Sequence[Found], first: datetime | None, last: datetime | None
) -> tuple[datetime | None, datetime | None]:
    """First and last moment of a recording: what is told, and the files' times for the rest.

    A file's time is the end of its recording; it is believed as such only within a day of the
    told beginning, because a card that was copied by hand has the times of the copying.
    """
    if first and last:
        return first, last
    times = [found.entry.mtime_ns for found in files]
    earliest = _from_ns(min(times)) if times else None
    latest = _from_ns(max(times)) if times else None
    if first is None:
        return earliest, last or latest
    if latest is not None and timedelta(0) <= latest - first <= _DAY:
        return first, latest
    return first, first


def _local(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0
) -> datetime | None:
    try:
        return datetime(year, month, day, hour, minute, second).astimezone()
    except (ValueError, OverflowError, OSError):
        return None
