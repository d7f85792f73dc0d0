"""Whether the sound server that Qt plays by is still there.

Qt (6.11) does not notice when a PulseAudio server ends: its sinks say that they are active, its
devices stay, and the next sound that is begun ends the whole process. So we have a connection of
our own, by the same library, and look at that one first.
"""

from __future__ import annotations

import ctypes
import logging
import sys
import time

log = logging.getLogger(__name__)

_READY, _FAILED = 4, 5
"""States of a connection, by libpulse; what is larger than failed has ended too."""
_NO_AUTOSPAWN = 1
_PATIENCE = 0.5
"""Seconds in which a server that is there answers."""


class SoundServer:
    """The PulseAudio server, or PipeWire in its place. On other systems it is never gone."""

    def __init__(self) -> None:
        self._gone = self._was_there = False
        self._pulse = _library()
        if self._pulse is None:
            return
        self._loop = self._pulse.pa_threaded_mainloop_new()
        api = self._pulse.pa_threaded_mainloop_get_api(self._loop)
        self._context = self._pulse.pa_context_new(api, b"Reelkeep")
        self._pulse.pa_context_connect(self._context, None, _NO_AUTOSPAWN, None)
        self._pulse.pa_threaded_mainloop_start(self._loop)
        end = time.monotonic() + _PATIENCE
        while not self._was_there and self._state() < _READY and time.monotonic() < end:
            time.sleep(0.005)

    @property
    def gone(self) -> bool:
        """Whether there was one, which has ended. Another one that was started is none of Qt's."""
        if self._pulse is not None and not self._gone and self._state() >= _FAILED:
            self._gone = self._was_there
            if self._gone:
                log.warning("The sound server has ended: no sound until Reelkeep is started anew")
        return self._gone

    def _state(self) -> int:
        assert self._pulse is not None
        self._pulse.pa_threaded_mainloop_lock(self._loop)
        state = int(self._pulse.pa_context_get_state(self._context))
        self._pulse.pa_threaded_mainloop_unlock(self._loop)
        self._was_there |= state == _READY
        return state


def _library() -> ctypes.CDLL | None:
    """libpulse, which Qt plays by on Linux; None elsewhere."""
    if sys.platform != "linux":
        return None
    try:
        pulse = ctypes.CDLL("libpulse.so.0")
    except OSError:
        return None
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    for name, answer, given in (
        ("pa_threaded_mainloop_new", pointer, []),
        ("pa_threaded_mainloop_get_api", pointer, [pointer]),
        ("pa_threaded_mainloop_start", ctypes.c_int, [pointer]),
        ("pa_threaded_mainloop_lock", None, [pointer]),
        ("pa_threaded_mainloop_unlock", None, [pointer]),
        ("pa_context_new", pointer, [pointer, text]),
        ("pa_context_connect", ctypes.c_int, [pointer, text, ctypes.c_int, pointer]),
        ("pa_context_get_state", ctypes.c_int, [pointer]),
    ):
        function = getattr(pulse, name)
        function.restype, function.argtypes = answer, given
    return pulse
