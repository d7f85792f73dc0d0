"""The pool of blocks: fixed memory, and back-pressure that lets nobody starve."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import Future
from pathlib import Path

import pytest
from offload_bench import House, make_card, spec_for

from app.errors import BadInput
from app.integrity.hashing import HashKind, MultiHash
from app.offload.copying.blocks import Pool
from app.offload.copying.hashers import Hashers

PATIENCE = 10


def test_a_reader_waits_until_the_last_user_gives_a_block_back() -> None:
    pool = Pool(1, 4096)
    block = pool.take()
    block.share(2)
    taken = threading.Event()

    def take_next() -> None:
        pool.take().share(0)
        taken.set()

    reader = threading.Thread(target=take_next)
    reader.start()
    block.release()
    assert not taken.is_set()
    block.release()
    assert taken.wait(PATIENCE)
    reader.join()
    pool.close()


def test_a_block_that_nobody_wants_is_free_at_once() -> None:
    pool = Pool(1, 4096)
    for _ in range(3):
        pool.take().share(0)
    pool.close()


def test_slow_and_fast_hashes_of_one_read_are_those_of_the_bytes() -> None:
    kinds = (HashKind.XXH64, HashKind.MD5, HashKind.C4, HashKind.SHA1, HashKind.BLAKE3)
    pool, hashers = Pool(3, 1 << 16), Hashers(kinds)
    whole = bytes(range(256)) * 1000

    def feed(data: bytes) -> None:
        for start in range(0, len(data), 1 << 16):
            block = pool.take()
            block.size = len(data[start : start + (1 << 16)])
            block.view[: block.size] = data[start : start + (1 << 16)]
            block.share(hashers.users)
            hashers.put(block)

    feed(b"half a file that could not be read on")
    hashers.drop()
    feed(whole)
    digests: Future[dict[HashKind, str]] = Future()
    hashers.end(digests)
    found = digests.result(PATIENCE)
    assert set(found) == set(kinds)
    assert found[HashKind.MD5] == hashlib.md5(whole).hexdigest()
    assert found[HashKind.SHA1] == hashlib.sha1(whole).hexdigest()
    empty: Future[dict[HashKind, str]] = Future()
    hashers.end(empty)
    assert empty.result(PATIENCE)[HashKind.MD5] == hashlib.md5(b"").hexdigest()
    hashers.close()
    pool.close()


def test_a_reader_that_waits_for_a_block_looks_whether_it_still_should() -> None:
    pool = Pool(1, 4096)
    block = pool.take()

    def look() -> None:
        raise InterruptedError("cancelled")

    with pytest.raises(InterruptedError):
        pool.take(look)
    block.share(0)
    pool.take(look).share(0)
    pool.close()


def test_a_block_that_a_hung_thread_holds_is_replaced_and_never_used_again() -> None:
    pool = Pool(1, 4096)
    held = pool.take()
    held.share(2)
    held.release()  # the hasher is done with it, the hung writer is not
    pool.replace(held)
    fresh = pool.take()
    assert fresh is not held
    fresh.view[:4] = b"next"
    assert bytes(held.view[:4]) != b"next"
    held.release()  # the writer comes back
    assert held.buffer.closed
    fresh.share(0)
    assert pool.take() is fresh
    fresh.share(0)
    pool.close()
    assert fresh.buffer.closed


def test_a_block_that_comes_back_after_the_end_gives_its_memory_back() -> None:
    pool = Pool(2, 4096)
    held = pool.take()
    held.share(1)
    pool.close()
    assert not held.buffer.closed
    held.release()
    assert held.buffer.closed


class Bug(MultiHash):
    def update(self, data: object) -> None:
        raise RuntimeError("a bug")


def test_a_bug_in_hashing_gives_every_block_back_and_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.offload.copying.hashers.MultiHash", Bug)
    pool, hashers = Pool(1, 4096), Hashers((HashKind.XXH64,))
    for _ in range(3):
        block = pool.take()
        block.size = 10
        block.share(hashers.users)
        hashers.put(block)
    digests: Future[dict[HashKind, str]] = Future()
    hashers.end(digests)
    with pytest.raises(RuntimeError):
        digests.result(PATIENCE)
    hashers.close()
    pool.close()


class _NoMore(Exception):
    """The pool has no free block."""


def test_large_blocks_are_fewer_so_that_memory_stays_bounded() -> None:
    def no_more() -> None:
        raise _NoMore

    for size, count in ((1 << 20, 8), (32 << 20, 4), (64 << 20, 3)):
        pool = Pool(8, size)
        taken = [pool.take(no_more) for _ in range(count)]
        with pytest.raises(_NoMore):
            pool.take(no_more)
        for block in taken:
            block.share(0)
        pool.close()


@pytest.mark.parametrize("size", [4096, (128 << 10) - 1, (64 << 20) + 1, 1 << 30])
def test_a_buffer_that_is_too_small_or_too_large_is_refused(tmp_path: Path, size: int) -> None:
    card = make_card(tmp_path / "A003", {"a.mov": 5})
    with House(tmp_path / "profile").engine() as engine:
        with pytest.raises(BadInput, match=r"A buffer of .* cannot be used") as refused:
            engine.plan(spec_for(card, tmp_path / "drive", buffer_size=size))
        assert "128 KiB to 64 MiB" in refused.value.hint


def test_a_buffer_of_any_size_between_is_taken_in_whole_pages(tmp_path: Path) -> None:
    card = make_card(tmp_path / "A003", {"a.mov": 5 << 20})
    with House(tmp_path / "profile").engine() as engine:
        odd = spec_for(card, tmp_path / "drive", buffer_size=1_000_000, wanted_copies=1)
        assert engine.plan(odd).spec.buffer_size == 1_003_520
        assert engine.run(odd).safe
