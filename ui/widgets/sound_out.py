"""The sound device. The only file that needs QtMultimedia, which not every machine can load."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

from app.media.play.sound_sink import CHANNELS, FRAME, RATE, SoundSink
from ui.widgets.sound_server import SoundServer

if TYPE_CHECKING:
    from PySide6.QtCore import QIODevice
    from PySide6.QtMultimedia import QAudioSink

log = logging.getLogger(__name__)

_BUFFER = 0.25
"""Seconds of sound that the device holds: as long may the window be busy without a gap."""


@cache
def _server() -> SoundServer:
    return SoundServer()


def sound_out() -> SoundSink | None:
    """The default device; None where there is none, or none that can be used: play silently."""
    if _server().gone:
        return None
    with _quiet():
        try:
            from PySide6.QtMultimedia import QAudioFormat, QAudioSink, QMediaDevices
        except ImportError as error:
            log.info("There is no sound here: %s", error)
            return None
        device = QMediaDevices.defaultAudioOutput()
    if device.isNull():
        return None
    form = QAudioFormat()
    form.setSampleRate(RATE)
    form.setChannelCount(CHANNELS)
    form.setSampleFormat(QAudioFormat.SampleFormat.Float)
    if not device.isFormatSupported(form):
        log.info("The sound device %s takes no 48 kHz stereo", device.description())
        return None
    return _Device(QAudioSink(device, form))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """A machine without a sound server is no news; Qt says so in four lines."""

    def heard(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
        log.debug("Qt on sound: %s", text)

    before = qInstallMessageHandler(heard)
    try:
        yield
    finally:
        qInstallMessageHandler(before)


class _Device:
    """A QAudioSink that is written to, and asked how far it has come. Window's thread only."""

    def __init__(self, sink: QAudioSink) -> None:
        self._sink: Any = sink
        self._sink.setBufferSize(round(RATE * _BUFFER) * FRAME)
        self._into: QIODevice | None = None
        self._written = 0

    def begin(self) -> None:
        """Play from now on what is written."""
        self._written = 0
        self._into = None if _server().gone else self._sink.start()

    def room(self) -> int:
        """Samples that can be written now."""
        return int(self._sink.bytesFree()) // FRAME if self._into is not None else 0

    def write(self, samples: bytes) -> None:
        """Add samples."""
        if self._into is not None:
            self._written += max(0, self._into.write(samples))

    def heard(self) -> float | None:
        """What was written less what still waits in the buffer; None once the device is lost."""
        from PySide6.QtMultimedia import QtAudio

        if self._into is None or _server().gone:
            return None
        wrong = {QtAudio.Error.FatalError, QtAudio.Error.OpenError, QtAudio.Error.IOError}
        if self._sink.error() in wrong:
            return None
        waits = int(self._sink.bufferSize()) - int(self._sink.bytesFree())
        return max(0, self._written - waits) / FRAME / RATE

    def end(self) -> None:
        """Fall silent at once."""
        self._into = None
        self._sink.reset()
