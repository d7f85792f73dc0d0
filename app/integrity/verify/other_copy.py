"""Another copy that damaged files are mended from: it may hang, and takes nobody with it."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from app.errors import DestinationSilent
from app.integrity.verify.mend import CopyFolder, Mended, Mender, Repair, Wanted
from app.places.descriptors import let_files_go
from app.places.root import PinnedFolder


class OtherCopy:
    """A copy to mend from, used by threads of its own drive; only ever read."""

    def __init__(self, repair: Repair) -> None:
        """The source is let go of by `close`; the target is the caller's. DestinationSilent."""
        target = repair.target
        self._target, self._source = target, repair.source
        # Whoever comes back late from a drive takes its partial file away by a folder of its own:
        # the caller's is closed or cut off by then.
        with target.silence.call():
            self._own = PinnedFolder(target.folder.path, target.folder.own_folder(""))
        self._mender = Mender(replace(repair, target=CopyFolder(self._own, target.silence)))

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

    def mend(self, wanted: Wanted) -> Mended:
        """As `Mender.mend`; DestinationSilent of this copy's drive or of the one to be mended."""

        def mended() -> Mended:
            try:
                return self._mender.mend(wanted)
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
                    self._target.folder.remove(self._mender.partial_of(wanted.path))
            raise
