"""The hashes of film: which kinds exist, how they are computed, how they are written.

Custody hashes are those of ASC MHL (c4, md5, sha1, xxh128, xxh3, xxh64, all as in its
specification, section 6). blake3 is Reelkeep's own identity of content; sha256 is additional.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Protocol

import blake3
import xxhash

C4_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
C4_LENGTH = 90


class HashKind(StrEnum):
    """A kind of hash; the value is its name in ASC MHL where it has one there."""

    C4 = "c4"
    MD5 = "md5"
    SHA1 = "sha1"
    XXH128 = "xxh128"
    XXH3 = "xxh3"
    XXH64 = "xxh64"
    SHA256 = "sha256"
    BLAKE3 = "blake3"

    @property
    def in_asc_mhl(self) -> bool:
        """Whether ASC MHL v2 has an element for this kind."""
        return self in CUSTODY_KINDS

    @property
    def slow(self) -> bool:
        """Whether one core computes it slower than a fast drive reads, so it wants a thread."""
        return self in {HashKind.C4, HashKind.MD5, HashKind.SHA1, HashKind.SHA256}


CUSTODY_KINDS = (
    HashKind.C4,
    HashKind.MD5,
    HashKind.SHA1,
    HashKind.XXH128,
    HashKind.XXH3,
    HashKind.XXH64,
)
"""The kinds that ASC MHL v2 knows, in the order its schema wants them."""

Digests = Mapping[HashKind, str]
"""Digests of one file, by kind, in their written form (hex; C4 in its own alphabet)."""


class _Hasher(Protocol):
    def update(self, data: bytes | bytearray | memoryview, /) -> object: ...
    def digest(self) -> bytes: ...


_MAKERS: dict[HashKind, Callable[[], _Hasher]] = {
    HashKind.C4: hashlib.sha512,
    HashKind.MD5: lambda: hashlib.md5(usedforsecurity=False),
    HashKind.SHA1: lambda: hashlib.sha1(usedforsecurity=False),
    HashKind.XXH128: xxhash.xxh3_128,
    HashKind.XXH3: xxhash.xxh3_64,
    HashKind.XXH64: xxhash.xxh64,
    HashKind.SHA256: hashlib.sha256,
    HashKind.BLAKE3: blake3.blake3,
}


def c4_text(sha512: bytes) -> str:
    """The C4 identifier (SMPTE ST 2114) of a SHA-512 digest: 90 characters."""
    number = int.from_bytes(sha512, "big")
    text = ""
    while number:
        number, rest = divmod(number, 58)
        text = C4_ALPHABET[rest] + text
    return "c4" + text.rjust(C4_LENGTH - 2, "1")


def written_form(kind: HashKind, digest: bytes) -> str:
    """*digest* as manifests and people write it."""
    return c4_text(digest) if kind is HashKind.C4 else digest.hex()


def raw_form(kind: HashKind, text: str) -> bytes:
    """The bytes behind a written digest; ValueError when it is malformed."""
    if kind is not HashKind.C4:
        return bytes.fromhex(text)
    if len(text) != C4_LENGTH or not text.startswith("c4"):
        raise ValueError(f"not a C4 identifier: {text!r}")
    number = 0
    for letter in text[2:]:
        number = number * 58 + C4_ALPHABET.index(letter)
    return number.to_bytes(64, "big")


class MultiHash:
    """Several hashes of the same bytes, computed in one pass."""

    __slots__ = ("_hashers",)

    def __init__(self, kinds: Iterable[HashKind]) -> None:
        self._hashers = {kind: _MAKERS[kind]() for kind in kinds}

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Take in the next bytes."""
        for hasher in self._hashers.values():
            hasher.update(data)

    def digests(self) -> dict[HashKind, str]:
        """The digests so far, in their written form."""
        return {kind: written_form(kind, h.digest()) for kind, h in self._hashers.items()}


def hash_bytes(kind: HashKind, data: bytes | memoryview) -> str:
    """The written digest of a short run of bytes."""
    return written_form(kind, _AT_ONCE[kind](data))


_AT_ONCE: dict[HashKind, Callable[[bytes | memoryview], bytes]] = {
    HashKind.C4: lambda data: hashlib.sha512(data).digest(),
    HashKind.MD5: lambda data: hashlib.md5(data, usedforsecurity=False).digest(),
    HashKind.SHA1: lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    HashKind.XXH128: xxhash.xxh3_128_digest,
    HashKind.XXH3: xxhash.xxh3_64_digest,
    HashKind.XXH64: xxhash.xxh64_digest,
    HashKind.SHA256: lambda data: hashlib.sha256(data).digest(),
    HashKind.BLAKE3: lambda data: blake3.blake3(data).digest(),
}
"""Without a hasher object between: what small files are hashed with."""
