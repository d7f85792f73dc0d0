"""Gives frames of FLAC another number: each bears its own, and a run that goes on counts from zero.

A frame ends with a checksum of all its bytes. It is not computed anew: what a changed head adds to
it is carried over the bytes behind by arithmetic.
"""

from __future__ import annotations

_HEAD = 4
"""Bytes in front of the number."""
_POLYNOMIAL_8, _POLYNOMIAL_16 = 0x07, 0x8005


def numbered(frame: bytes, number: int) -> bytes:
    """*frame* with *number*; ValueError for what is no frame of a fixed size."""
    if len(frame) < 10 or frame[0] != 0xFF or frame[1] != 0xF8:
        raise ValueError("no frame of FLAC")
    end = _HEAD + _length_of_number(frame[_HEAD])
    extra = {6: 1, 7: 2}.get(frame[2] >> 4, 0) + {12: 1, 13: 2, 14: 2}.get(frame[2] & 15, 0)
    head = frame[:_HEAD] + _written(number) + frame[end : end + extra]
    head += bytes([_checksum(head, _POLYNOMIAL_8, 8)])
    behind = frame[end + extra + 1 : -2]
    before = _checksum(frame[: end + extra + 1], _POLYNOMIAL_16, 16)
    changed = before ^ _checksum(head, _POLYNOMIAL_16, 16)
    checksum = int.from_bytes(frame[-2:], "big") ^ _carried(changed, 8 * len(behind))
    return head + behind + checksum.to_bytes(2, "big")


def _length_of_number(first: int) -> int:
    """Bytes of a number that is written as UTF-8 writes one, by its first byte."""
    if first < 0x80:
        return 1
    return 8 - (first ^ 0xFF).bit_length()


def _written(number: int) -> bytes:
    if number < 0x80:
        return bytes([number])
    behind: list[int] = []
    room = 0x3F
    while number > room:
        behind.append(0x80 | number & 0x3F)
        number >>= 6
        room = 0x3F >> len(behind)
    marker = 0xFF << (7 - len(behind)) & 0xFF
    return bytes([marker | number, *reversed(behind)])


def _checksum(data: bytes, polynomial: int, bits: int) -> int:
    value, top, mask = 0, 1 << (bits - 1), (1 << bits) - 1
    for byte in data:
        value ^= byte << (bits - 8)
        for _ in range(8):
            value = (value << 1 ^ (polynomial if value & top else 0)) & mask
    return value


def _carried(value: int, bits: int) -> int:
    """What a checksum of 16 bits becomes by so many zero bits behind it."""
    power, factor = 2, 1  # x, and 1, as polynomials
    while bits:
        if bits & 1:
            factor = _times(factor, power)
        power = _times(power, power)
        bits >>= 1
    return _times(value, factor)


def _times(one: int, other: int) -> int:
    product = 0
    while other:
        if other & 1:
            product ^= one
        one <<= 1
        if one & 0x10000:
            one ^= 0x10000 | _POLYNOMIAL_16
        other >>= 1
    return product
