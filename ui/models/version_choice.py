"""Which version of a clip is played, and why it is not the original."""

from __future__ import annotations

from collections.abc import Sequence

from app.media.play.playback import Playback
from ui.models.versions import OFFLINE, ORIGINAL, TOO_HEAVY, UNSEEN, Version, instead_of


class VersionChoice:
    """A person's wish first; else the original, where it is there and fast enough, or a proxy.

    What was seen of a clip's versions counts for as long as the clip is open.
    """

    def __init__(self) -> None:
        self.wished = ""
        """Label of what a person wants to see; "" leaves it to this."""
        self.heavy = False
        """Whether the original was seen to be too much for this machine."""
        self._unseen: set[str] = set()
        """Labels of what could not be shown."""

    def learn(self, version: Version, playback: Playback) -> None:
        """Take in how playing *version* goes."""
        if playback.fault is not None and not playback.frames:
            self._unseen.add(version.label)
        if version.label == ORIGINAL and playback.heavy:
            self.heavy = True

    def learn_of(self, versions: Sequence[Version]) -> None:
        """Take in what there is now: what came anew, or came back, deserves another try."""
        if not versions[0].online:
            self._unseen.discard(ORIGINAL)
        self._unseen &= {version.label for version in versions}

    def pick(self, versions: Sequence[Version], height: int) -> tuple[Version, str]:
        """What to play on a picture of *height* pixels, and why it is not the original.

        No reason is told for what a person chose. The original comes first in *versions*.
        """
        original = versions[0]
        wished = next((v for v in versions if v.label == self.wished), original)
        if wished is not original:
            return wished, ""
        why = self._against(original)
        others = [version for version in versions if version.label not in self._unseen]
        better = instead_of(others, height) if why else None
        return (original, "") if better is None else (better, why)

    def _against(self, original: Version) -> str:
        """Why the original can't be played, or should not be; "" where it will do."""
        if not original.online:
            return OFFLINE
        if self.wished == ORIGINAL:
            return ""
        if ORIGINAL in self._unseen:
            return UNSEEN
        return TOO_HEAVY if self.heavy else ""
