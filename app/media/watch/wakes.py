"""When to look at a watch folder: at once where its mount gives notice, else now and then."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator

from app.media.watch.order import WatchOrder
from app.places.volumes import volume_of

log = logging.getLogger(__name__)

TICK = 0.5
"""Seconds between two looks at files that are waited for."""
POLL = 5.0
"""Seconds between two looks at everything, where nothing is notified."""
_SILENT = ("nfs", "cifs", "smb", "fuse", "9p", "vboxsf", "prl_fs", "afs", "ceph", "lustre", "drvfs")
"""Beginnings of the names of file systems that do not tell of what others do."""


def gives_notice(order: WatchOrder) -> bool:
    """Whether changes below the raw folder are notified."""
    if order.watch.polling != "auto":
        return order.watch.polling == "never"
    volume = volume_of(order.raw, {})
    return not volume.remote and not volume.file_system.startswith(_SILENT)


def wakes(order: WatchOrder, stop: threading.Event, *, polled: bool) -> Iterator[bool]:
    """Yield again and again: True when something has changed, or may have."""
    yield False
    while not stop.is_set():
        if not polled:
            try:
                yield from _noticed(order, stop)
            except (OSError, RuntimeError) as error:  # too many folders, or the drive is gone
                log.info("%s gives no notice any more: %s", order.raw, error)
        yield from _polled(stop, for_seconds=None if polled else POLL)


def _noticed(order: WatchOrder, stop: threading.Event) -> Iterator[bool]:
    import watchfiles

    begun = True  # what has landed before it listened was not heard
    for changes in watchfiles.watch(
        order.raw,
        watch_filter=None,
        stop_event=stop,
        step=50,
        debounce=500,
        rust_timeout=round(TICK * 1000),
        yield_on_timeout=True,
        raise_interrupt=False,
    ):
        yield bool(changes) or begun
        begun = False


def _polled(stop: threading.Event, *, for_seconds: float | None) -> Iterator[bool]:
    began = looked = time.monotonic()
    while not stop.wait(TICK):
        now = time.monotonic()
        if now - looked >= POLL:
            looked = now
            yield True
        else:
            yield False
        if for_seconds is not None and now - began >= for_seconds:
            return
