"""Ids of our own rows: UUIDv7, so that they sort roughly by birth; order never relies on them."""

import os
import time
from uuid import UUID


def new_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562): 48 bits of milliseconds, 74 bits of randomness."""
    return UUID(int=_uuid7(time.time_ns() // 1_000_000, os.urandom(10)))


def new_ids(count: int) -> list[UUID]:
    """`count` fresh ids, ascending in the order given."""
    millisecond = time.time_ns() // 1_000_000
    # Sorted as whole numbers: comparing ids costs more than making them.
    return [UUID(int=value) for value in sorted(_uuid7(millisecond, os.urandom(10)) for _ in range(count))]


def _uuid7(millisecond: int, noise: bytes) -> int:
    value = (millisecond & (2**48 - 1)) << 80 | int.from_bytes(noise, "big")
    value &= ~(0xF << 76)
    value |= 0x7 << 76
    value &= ~(0x3 << 62)
    value |= 0x2 << 62
    return value
