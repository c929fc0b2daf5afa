"""JSON without binary floating point: numbers are read into Decimal and written digit by digit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

_numbers = msgspec.json.Encoder(decimal_format="number")
_strings = msgspec.json.Encoder(decimal_format="string")
_decoder = msgspec.json.Decoder(Any, float_hook=Decimal)


def dump(value: object) -> bytes:
    """JSON in which a Decimal is a number with exactly its own digits (`12.50` stays `12.50`)."""
    return _numbers.encode(value)


def dump_decimals_as_strings(value: object) -> bytes:
    """JSON in which a Decimal is a string; a human or a script may compare it without a parser's opinion."""
    return _strings.encode(value)


def load(text: bytes | str) -> Any:
    """Parses JSON; numbers with a point or exponent become Decimal. Raises msgspec.DecodeError."""
    return _decoder.decode(text)
