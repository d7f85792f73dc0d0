"""Cases of a test that are one of a kind with others: they run with the soaks."""

from __future__ import annotations

import pytest
from _pytest.mark import ParameterSet


def seldom(*values: object) -> ParameterSet:
    """A case that runs only with `-m soak`, to keep the whole run within its time."""
    return pytest.param(*values, marks=pytest.mark.soak)
