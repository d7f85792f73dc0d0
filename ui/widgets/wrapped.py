"""Sentences that wrap on tiles, whatever names stand in them."""

from __future__ import annotations

import re

from PySide6.QtWidgets import QSizePolicy

from ui import theme
from ui.theme import Tone
from ui.widgets.labels import TextLabel
from ui.words import printable

_LONG = re.compile(r"\S{25,}")
_BREAK = "\u200b"
_PIECE = 12
_MOST = 420


class WrappedLabel(TextLabel):
    """Wraps also inside a name of 255 letters; hides itself while it has nothing to say."""

    def __init__(self, text: str = "", *, tone: Tone = Tone.TEXT, size: int = theme.BODY) -> None:
        super().__init__(tone=tone, size=size, wrap=True)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._full = ""
        self.setVisible(False)
        self.show_text(text)

    def show_text(self, text: str) -> None:
        """Set the text, made printable and breakable; very long ones end in the tooltip."""
        full = printable(text)
        if full == self._full:
            return
        self._full = full
        cut = full if len(full) <= _MOST else f"{full[:_MOST]} …"
        self.setText(breakable(cut))
        self.setToolTip(full if cut != full else "")
        self.setAccessibleName(full)
        self.setVisible(bool(full))

    @property
    def full_text(self) -> str:
        """The whole text without break marks."""
        return self._full


def breakable(text: str) -> str:
    """*text* with places to break inside its long words, invisible."""

    def pieces(match: re.Match[str]) -> str:
        word = match[0]
        return _BREAK.join(word[at : at + _PIECE] for at in range(0, len(word), _PIECE))

    return _LONG.sub(pieces, text)
