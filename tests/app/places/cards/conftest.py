"""The clock by which the fixtures' expected facts were written."""

import time
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _clock_of_the_place(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Names tell local time; the expected facts were written in UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
