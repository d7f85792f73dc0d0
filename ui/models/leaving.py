"""Clips that a player has let go of: their threads end without anybody waiting for them."""

from __future__ import annotations

import logging
import time

from app.media.play.playback import Playback
from ui.bridge import Bridge

log = logging.getLogger(__name__)

PATIENCE = 2.0
"""Seconds that the window waits at its end, for all of them together: frames at hand are done by
then, and what a silent drive holds would hold the window too. Those threads end with the process.
"""


class Leaving:
    """Playbacks on their way out."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._playbacks: list[Playback] = []

    def take(self, playback: Playback) -> None:
        """Let go of *playback*, without waiting for a read that it may be in."""
        playback.let_go()
        self._playbacks.append(playback)
        self._bridge.ask(playback.close, lambda _: self._gone(playback))

    def close(self) -> None:
        """The window closes: wait for a moment, then go without them."""
        until = time.monotonic() + PATIENCE
        for playback in self._playbacks:
            if not playback.close(max(0.0, until - time.monotonic())):
                log.warning("%s does not answer; its reader was left behind", playback.film.name)
        self._playbacks.clear()

    def _gone(self, playback: Playback) -> None:
        if playback in self._playbacks:
            self._playbacks.remove(playback)
