"""What every test shares: names and output that any runner can pass on, and a bench for mounts.

Cards hold names that are no UTF-8, and so do the tests; parallel runs speak UTF-8 only.
"""

from __future__ import annotations

import gc
import re
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from mount_bench import Bench, need, run

if TYPE_CHECKING:
    from numbered_clips import NumberedClips

# A machine that is busy is slow, and proves nothing.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Makes images, loops and mounts below the test's own folder; none of them is left."""
    need("losetup", "mkfs.ext4")
    made = Bench(tmp_path)
    try:
        yield made
    finally:
        made.close()
        mounts = Path("/proc/self/mountinfo").read_text(errors="surrogateescape").split("\n")
        left = [line for line in mounts if str(tmp_path) in line]
        assert not left, left
        # The kernel detaches a loop once its last user has gone; another test may be looking at it.
        until = time.monotonic() + 20
        while str(tmp_path) in (loops := run("losetup", "-l", "-O", "NAME,BACK-FILE")):
            assert time.monotonic() < until, loops
            time.sleep(0.05)


@pytest.fixture(scope="session")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> NumberedClips:
    """Footage in which every frame carries its own number."""
    from numbered_clips import shared_clips

    return shared_clips(tmp_path_factory)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, so that no worker is left alone with it in the end."""
    items.sort(key=lambda item: item.get_closest_marker("first") is None)


def pytest_collection_finish() -> None:
    """All that is there by now stays: the garbage collector, and those who ask it, pass over it."""
    gc.collect()
    gc.freeze()


def pytest_make_parametrize_id(val: object) -> str | None:
    """An id of plain ASCII for an odd name."""
    if isinstance(val, str) and not (val.isascii() and val.isprintable()):
        return re.sub(r"\W+", "-", ascii(val)).strip("-")[:60]
    return None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test printed, logged or failed with, with odd bytes escaped."""
    report = yield
    report.sections = [(_plain(name), _plain(text)) for name, text in report.sections]
    if report.longrepr is not None and not isinstance(report.longrepr, tuple):
        text = str(report.longrepr)
        if text != _plain(text):
            report.longrepr = _plain(text)
    return report


def _plain(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
