"""msgpack under zstd: how pages and payloads are stored."""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import msgspec
import zstandard

T = TypeVar("T")

_encode = msgspec.msgpack.Encoder(decimal_format="string").encode
_local = threading.local()


def pack(value: Any) -> bytes:
    """Compressed; fast rather than small."""
    if not hasattr(_local, "compressor"):
        _local.compressor = zstandard.ZstdCompressor(level=1)
    compressed: bytes = _local.compressor.compress(_encode(value))
    return compressed


def unpack(body: bytes, form: type[T]) -> T:
    """What `pack` was given, as `form`."""
    return msgspec.msgpack.decode(zstandard.ZstdDecompressor().decompress(body), type=form)
