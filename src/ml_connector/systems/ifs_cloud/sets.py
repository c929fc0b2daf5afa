"""The sets we read: where they are, what identifies a row, and the few properties that reading itself needs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Any

import msgspec

from ml_connector.errors import ContractError
from ml_connector.protocols.odata import Field, Kind
from ml_connector.records import join_key
from ml_connector.systems.ifs_cloud.settings import IfsCloudSettings, zone

KeyValues = tuple[str | int, ...]
Scalar = str | int | float | bool | None
Decoder = Callable[[msgspec.Raw], tuple[KeyValues, tuple[Scalar, ...]]]

FRESH_BEFORE, FRESH_AFTER = timedelta(seconds=2), timedelta(seconds=60)
"""ETags move once a second (FACTS 14): a row changed so shortly ago may change again under the same tag."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A set by the names of the fact sheet; settings may rename all of it."""

    name: str
    key: tuple[str, ...]
    numbers: frozenset[str] = frozenset()
    """Key properties that are Int64: written bare and ordered by value."""
    company: str = ""
    created: str = ""
    created_kind: Kind = Kind.DATE
    state: str = ""
    final_states: frozenset[str] = frozenset()


@dataclass(slots=True)
class Row:
    """One row as it came, with what reading needs of it."""

    raw: msgspec.Raw
    key: KeyValues
    etag: str
    stamp: str
    company: str
    created: str
    state: str
    fresh: bool

    def digest(self) -> str:
        """Changes with any change of the row's content, also under an unchanged ETag."""
        return hashlib.blake2b(self.raw, digest_size=6).hexdigest()

    @property
    def text_key(self) -> str:
        return join_key(*map(str, self.key))


@dataclass(frozen=True)
class EntitySet:
    """A collection as it is called on this installation."""

    collection: Collection
    settings: IfsCloudSettings = field(repr=False)
    part: str = ""
    """Code part B..J of the set of cost centers."""
    companies: tuple[str, ...] = ()
    """Those that keep their cost centers in this part: for others the set holds something else (FACTS 28)."""

    @cached_property
    def name(self) -> str:
        """Under which the cursor keeps what it knows about this set; a company that joins makes it another."""
        if not self.part:
            return self.collection.name
        return f"{self.collection.name}:{self.part}:{','.join(self.companies)}"

    @cached_property
    def path(self) -> str:
        return self.settings.path(self.collection.name, self.part)

    @property
    def root(self) -> str:
        """Path of the service."""
        return self.path.rpartition("/")[0]

    @property
    def entity_set(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def service(self) -> str:
        """The projection or entity service, as an administrator knows it."""
        return self.root.rpartition("/")[2].removesuffix(".svc")

    def property(self, name: str) -> str:
        return self.settings.property_name(self.collection.name, name)

    @cached_property
    def key(self) -> tuple[Field, ...]:
        numbers = self.collection.numbers
        return tuple(
            Field(self.property(name.replace("{part}", self.part)), Kind.INTEGER if name in numbers else Kind.STRING)
            for name in self.collection.key
        )

    @cached_property
    def company(self) -> str:
        return self.property(self.collection.company) if self.collection.company else ""

    @cached_property
    def change(self) -> Field:
        """The property by which changes are found; a stamp is quoted back as the server wrote it."""
        return Field(self.property(self.settings.change_field), Kind.MOMENT)

    @cached_property
    def created(self) -> str:
        return self.property(self.collection.created) if self.collection.created else ""

    @cached_property
    def state(self) -> str:
        return self.property(self.collection.state) if self.collection.state else ""

    @cached_property
    def aliases(self) -> tuple[tuple[str, str], ...]:
        """(name of the fact sheet, name here) of every renamed property."""
        prefix = f"{self.collection.name}."
        renamed = self.settings.fields.items()
        return tuple((name.removeprefix(prefix), here) for name, here in renamed if name.startswith(prefix))

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The properties of which a sweep can do without all others."""
        names = (*(each.name for each in self.key), self.company, self.state, self.created)
        return tuple(dict.fromkeys(filter(None, names)))

    @cached_property
    def decode(self) -> Decoder:
        return _row_decoder(self)

    @cached_property
    def counts_lines(self) -> bool:
        """Whether its rows are numbered by numbers, not by texts that look like numbers."""
        return self.key[-1].kind is Kind.INTEGER


def _row_decoder(entity_set: EntitySet) -> Decoder:
    """A function from a raw row to (key, (etag, stamp, company, created, state)); an absent value is None."""
    wanted = ("@odata.etag", entity_set.change.name, entity_set.company, entity_set.created, entity_set.state)
    kinds: dict[str, Any] = {name: str | int | float | bool | None for name in wanted if name}
    kinds |= {each.name: int if each.kind is Kind.INTEGER else str for each in entity_set.key}
    attribute = {name: f"f{index}" for index, name in enumerate(kinds)} | {"": "nothing"}
    keys = {each.name for each in entity_set.key}
    required = [(attribute[name], kinds[name], msgspec.field(name=name)) for name in kinds if name in keys]
    optional = [
        (attribute[name], kinds[name], msgspec.field(name=name, default=None)) for name in kinds if name not in keys
    ]
    shape = msgspec.defstruct("RowHead", [*required, *optional], namespace={"nothing": None})
    decoder = msgspec.json.Decoder(shape, strict=False)
    key_of: Callable[[Any], Any] = attrgetter(*(attribute[each.name] for each in entity_set.key))
    others_of: Callable[[Any], Any] = attrgetter(*(attribute[name] for name in wanted))
    single = len(entity_set.key) == 1

    def decode(raw: msgspec.Raw) -> tuple[KeyValues, tuple[Scalar, ...]]:
        try:
            head = decoder.decode(raw)
        except msgspec.DecodeError as error:
            names = ", ".join(each.name for each in entity_set.key)
            raise ContractError(f"A row of {entity_set.entity_set} has no readable key ({names}): {error}.") from error
        key = key_of(head)
        return (key,) if single else key, others_of(head)

    return decode


def _text(value: Scalar) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


class ServerClock:
    """Compares the server's `Date` with its time stamps, which are wall-clock times of some zone (FACTS 33)."""

    def __init__(self, time_zone: str) -> None:
        self._zone = zone(time_zone)

    def wall(self, server_date: datetime) -> datetime:
        """The server's date as its time stamps would put it, labelled UTC like they are."""
        return server_date.astimezone(self._zone).replace(tzinfo=UTC)

    def latest(self, server_date: datetime) -> datetime:
        """The largest time stamp the server may have written so far: in autumn an hour comes twice."""
        local = server_date.astimezone(self._zone)
        before = local.replace(fold=0).utcoffset() or timedelta()
        return self.wall(server_date) + before - (local.utcoffset() or timedelta())

    def today(self, server_date: datetime) -> date:
        return self.wall(server_date).date()

    def is_future(self, stamp: str, server_date: datetime | None) -> bool:
        return server_date is not None and read_stamp(stamp) > self.wall(server_date)

    def rows(self, entity_set: EntitySet, raws: list[msgspec.Raw], server_date: datetime | None) -> list[Row]:
        """Decoded as far as reading needs it."""
        low, high = ("", "")
        if server_date is not None:
            wall = self.wall(server_date)
            low, high = write_stamp(wall - FRESH_BEFORE)[:19], write_stamp(wall + FRESH_AFTER)[:19]
        decode = entity_set.decode
        rows = []
        for raw in raws:
            key, (etag, stamp, company, created, state) = decode(raw)
            stamp = _text(stamp)
            fresh = low <= stamp[:19] <= high if stamp else False
            rows.append(Row(raw, key, _text(etag), stamp, _text(company), _text(created), _text(state), fresh))
        return rows


def read_stamp(stamp: str) -> datetime:
    """A time stamp of the server. Raises ContractError."""
    try:
        parsed = datetime.fromisoformat(stamp)
    except ValueError as error:
        raise ContractError(f"{stamp!r} is not a time stamp.") from error
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def write_stamp(moment: datetime) -> str:
    """As the server writes it: whole seconds and a `Z` (FACTS 20)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def line_order(row: Row) -> tuple[tuple[int, int, str], ...]:
    """Orders lines as people count them: LineNo is a text, and "10" comes after "2"."""
    return tuple([_part_order(str(value)) for value in row.key])


@lru_cache(maxsize=5_000)
def _part_order(part: str) -> tuple[int, int, str]:
    return (0, int(part), part) if part.isascii() and part.isdigit() else (1, 0, part)
