"""Another copy that damaged files are mended from: it may hang, and takes nobody with it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

from app.errors import DestinationSilent
from app.integrity.hashing import HashKind
from app.integrity.verify.mend import CopyFolder, Mended, Mender
from app.places.descriptors import let_files_go
from app.places.root import PinnedFolder


class OtherCopy:
    """A copy to mend from, used by threads of its own drive; only ever read."""

    def __init__(
        self,
        target: CopyFolder,
        source: CopyFolder,
        *,
        provable: bool,
        tick: Callable[[int], None] = lambda _: None,
    ) -> None:
        """*source* is let go of by `close`; *target* is the caller's. DestinationSilent."""
        self._target, self._source = target, source
        # Whoever comes back late from a drive takes its partial file away by a folder of its own:
        # the caller's is closed or cut off by then.
        with target.silence.call():
            self._own = PinnedFolder(target.folder.path, target.folder.own_folder(""))
        own = CopyFolder(self._own, target.silence)
        self._mender = Mender(own, source, provable=provable, tick=tick)

    @property
    def fault(self) -> DestinationSilent | None:
        """Why it is asked nothing more, None while it answers."""
        return self._source.silence.fault

    def close(self) -> None:
        """Let go of it; where a drive hangs, its thread does that should it come back."""
        if self.fault is None and self._target.silence.fault is None:
            self._let_go()

    def _let_go(self) -> None:
        self._mender.close()
        self._own.close()
        self._source.folder.close()

    def mend(
        self,
        path: str,
        expected: Mapping[HashKind, str],
        *,
        source_path: str,
        kinds: tuple[HashKind, ...] = (),
        foreign: bool = False,
    ) -> Mended:
        """As `Mender.mend`; DestinationSilent of this copy's drive or of the one to be mended."""

        def mended() -> Mended:
            try:
                return self._mender.mend(
                    path, expected, source_path=source_path, kinds=kinds, foreign=foreign
                )
            finally:
                if self.fault is not None or self._target.silence.fault is not None:
                    self._let_go()

        try:
            return self._source.silence.work(mended)[0]
        except DestinationSilent as silent:
            if silent is self.fault:
                let_files_go(self._source.folder)
                # Its thread cannot take away what it has begun.
                with contextlib.suppress(OSError), self._target.silence.call():
                    self._target.folder.remove(self._mender.partial_of(path))
            raise
