"""What every canonical record has: its identity, its references to others, and its fingerprint."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any, ClassVar

import msgspec


class Entity(StrEnum):
    """The canonical record types, under the names that configuration and commands use."""

    GL_ACCOUNTS = "gl_accounts"
    COST_CENTERS = "cost_centers"
    DEPARTMENTS = "departments"
    LOCATIONS = "locations"
    SUPPLIERS = "suppliers"
    PURCHASE_ORDERS = "purchase_orders"
    INVOICES = "invoices"
    GL_POSTINGS = "gl_postings"
    PAYMENTS = "payments"
    # Reserved: named so that nothing else takes the word, moved by no flow yet.
    LEGAL_ENTITIES = "legal_entities"
    RECEIPTS = "receipts"
    PAYMENT_TERMS = "payment_terms"
    TAX_CODES = "tax_codes"

    @property
    def is_document(self) -> bool:
        """Documents have a date, so that the cut-over applies to them."""
        return self in (Entity.PURCHASE_ORDERS, Entity.INVOICES, Entity.GL_POSTINGS, Entity.PAYMENTS)

    @property
    def singular(self) -> str:
        """How one of them is called in a sentence."""
        return {"gl_accounts": "GL account", "gl_postings": "GL posting", "legal_entities": "legal entity"}.get(
            self.value, self.value.removesuffix("s").replace("_", " ")
        )


DEPENDENCY_ORDER: tuple[Entity, ...] = tuple(Entity)[:9]
"""Parents first: no record is written before what it refers to."""

_QUOTE = json.JSONEncoder(ensure_ascii=False).encode
_PLAIN = re.compile(r'[^\s/"](?:[^/"]*[^\s/"])?')


def join_key(*parts: str) -> str:
    """One text from the parts of a key, joined by `/`; a part is quoted where blanks, slashes or quotes matter.

    >>> join_key("10", " A1")
    '10/" A1"'
    """
    return "/".join([p if p.isalnum() or _PLAIN.fullmatch(p) else _QUOTE(p) for p in parts])


def split_key(key: str) -> tuple[str, ...]:
    """The parts that `join_key` joined; a text that it cannot have made is one part as it stands."""
    parts, rest = [], key
    decoder = json.JSONDecoder()
    while rest:
        if rest.startswith('"'):
            try:
                part, end = decoder.raw_decode(rest)
            except ValueError:
                return (key,)
        else:
            end = rest.find("/") if "/" in rest else len(rest)
            part = rest[:end]
        parts.append(part)
        if rest[end : end + 1] not in ("", "/"):
            return (key,)
        rest = rest[end + 1 :]
    return tuple(parts)


class Reference(msgspec.Struct, frozen=True, array_like=True):
    """Points at another canonical record of the same source by its external id."""

    key: str
    """External id at the source, as `join_key` writes it."""
    code: str
    """What people call it there: the account number, the supplier code."""
    name: str = ""
    """Its name, where the source gives it along."""


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of the canonical records. Fields that a system does not know keep their default."""

    entity: ClassVar[Entity]
    REFERENCES: ClassVar[dict[str, Entity]] = {}
    """Fields of this record that hold a Reference, and to what."""

    key: str
    """External id: the source's own key."""
    scope: str = ""
    """Tenant part inside the system: Plex PCN, SYSPRO company, Sage X3 folder, IFS company."""

    def references(self) -> list[tuple[str, Entity, Reference]]:
        """Every reference of the record and of its lines, with the path of the field that holds it."""
        found = _references(self, self.REFERENCES, "")
        for index, line in enumerate(getattr(self, "lines", ()), 1):
            found += _references(line, line.REFERENCES, f"lines[{index}].")
        return found

    def natural_key(self) -> tuple[str, ...] | None:
        """The business key; an equal one under another id is suspected to be a duplicate. None: not checked."""
        return None

    def warning_key(self) -> tuple[str, ...] | None:
        """A weaker likeness (number and creation date) that is only worth a remark. None: not checked."""
        return None

    def document_date(self) -> date | None:
        """The date that the cut-over and the validity of dimensions go by; None for reference data."""
        return None

    def is_closed(self) -> bool:
        """Whether nothing more can happen to the document: paid, closed, cancelled."""
        return False

    def label(self) -> str:
        """One short line by which people recognise the record in a list."""
        return self.key


def _references(holder: Any, fields: dict[str, Entity], path: str) -> list[tuple[str, Entity, Reference]]:
    return [
        (path + name, entity, reference)
        for name, entity in fields.items()
        if (reference := getattr(holder, name)) is not None
    ]


_encoder = msgspec.msgpack.Encoder(decimal_format="string")


def fingerprint(value: Any) -> bytes:
    """16 bytes that change when any mapped value changes."""
    return hashlib.blake2b(_encoder.encode(value), digest_size=16).digest()


def key_hash(parts: tuple[str, ...]) -> bytes:
    """8 bytes standing for a business key in an index; equal keys are compared in full afterwards."""
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).digest()


IDENTITY_SCHEME = 1
"""Number of the rule by which `target_id` is made; stored with every id so that the rule may change."""
_NAMESPACE = uuid.UUID("6a1f0f2e-6f0b-5a6c-9d0e-4d1c8a7b2e10")


class Identity(msgspec.Struct, frozen=True):
    """Who a record is, wherever and how often ml-connector is installed: no local row id, no connection's name."""

    system: str
    scope: str
    entity: Entity
    key: str

    def target_id(self, table: str, part: str = "") -> str:
        """The 32 hexadecimal digits under which this record's `part` is written into `table`: always the same."""
        name = "\x1f".join((str(IDENTITY_SCHEME), self.system, self.scope, self.entity.value, self.key, table, part))
        # uuid.uuid5 does the same through an object that nobody needs, in twice the time.
        digest = bytearray(hashlib.sha1(_NAMESPACE.bytes + name.encode(), usedforsecurity=False).digest()[:16])
        digest[6] = digest[6] & 0x0F | 0x50
        digest[8] = digest[8] & 0x3F | 0x80
        return digest.hex()


MINOR_UNITS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}
"""Decimal places of the currencies that do not have two (ISO 4217)."""


@lru_cache(maxsize=1000)
def minor_unit(currency: str) -> Decimal:
    """The smallest amount of a currency: 0.01 for EUR, 1 for JPY, 0.001 for KWD."""
    return Decimal(1).scaleb(-MINOR_UNITS.get(currency, 2))


def amount_text(value: Decimal) -> str:
    """An amount in plain digits, never in exponent form."""
    return format(value, "f")
