"""Hashes blocks while they are on their way; each slow kind has a thread of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future

from app.integrity.hashing import HashKind, MultiHash
from app.offload.copying.blocks import Block
from app.offload.copying.work import Digested

_Message = tuple[str, Block | None, "Future[dict[HashKind, str]] | None"]


class _HashThread(threading.Thread):
    def __init__(self, kinds: Sequence[HashKind]) -> None:
        super().__init__(name=f"hash {' '.join(kinds)}", daemon=True)
        self.kinds = kinds
        self.inbox: queue.SimpleQueue[_Message] = queue.SimpleQueue()
        self.start()

    def run(self) -> None:
        hasher, trouble = MultiHash(self.kinds), None
        while True:
            what, block, answer = self.inbox.get()
            if what == "stop":
                return
            if block is not None:
                try:
                    if trouble is None:
                        with block.view[: block.size] as part:
                            hasher.update(part)
                except Exception as error:  # a bug here must not hang the card
                    trouble = error
                finally:
                    block.release()
                continue
            if answer is not None:
                if trouble is None:
                    answer.set_result(hasher.digests())
                else:
                    answer.set_exception(trouble)
            hasher, trouble = MultiHash(self.kinds), None


class Hashers:
    """All hashes of the file in hand, from the same blocks that are written."""

    def __init__(self, kinds: Iterable[HashKind]) -> None:
        kinds = tuple(dict.fromkeys(kinds))
        fast = tuple(kind for kind in kinds if not kind.slow)
        groups = [fast] if fast else []
        groups += [(kind,) for kind in kinds if kind.slow]
        self._threads = [_HashThread(group) for group in groups]

    @property
    def users(self) -> int:
        """How many will give each block back."""
        return len(self._threads)

    def put(self, block: Block) -> None:
        """The next block of the file."""
        for thread in self._threads:
            thread.inbox.put(("block", block, None))

    def end(self, digests: Digested) -> None:
        """The file is complete: *digests* gets its answer when the last thread is done."""
        parts: list[Future[dict[HashKind, str]]] = [Future() for _ in self._threads]
        remaining = len(parts)
        lock = threading.Lock()

        def arrived(_: Future[dict[HashKind, str]]) -> None:
            nonlocal remaining
            with lock:
                remaining -= 1
                last = remaining == 0
            if not last:
                return
            try:
                digests.set_result({k: v for part in parts for k, v in part.result().items()})
            except Exception as error:
                digests.set_exception(error)

        for thread, part in zip(self._threads, parts, strict=True):
            part.add_done_callback(arrived)
            thread.inbox.put(("end", None, part))

    def drop(self) -> None:
        """Forget the file in hand."""
        for thread in self._threads:
            thread.inbox.put(("drop", None, None))

    def close(self) -> None:
        """End the threads."""
        for thread in self._threads:
            thread.inbox.put(("stop", None, None))
        for thread in self._threads:
            thread.join()
