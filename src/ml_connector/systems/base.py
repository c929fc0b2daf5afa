"""What a connector is: declared settings and credentials, streams to read, targets to write, and a check.

A connector knows its vendor and nothing of the run: it keeps no state between calls except what it learnt about the
system it is connected to. `sync` alone knows the order of things, and the store alone remembers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from ml_connector.errors import RecordError
from ml_connector.mappings import Refs
from ml_connector.protocols.rate_limit import PermitSource
from ml_connector.records import Entity, Record
from ml_connector.records.base import Identity

Json = dict[str, Any]

# --- reading -----------------------------------------------------------------------------------------------------


class RawRecord(msgspec.Struct, array_like=True, frozen=True):
    """One record as the source gave it: the rows it consists of, and nothing interpreted but its key."""

    key: str
    """External id at the source (`records.join_key`)."""
    scope: str
    version: str
    """Changes whenever the source changes any row of the record: ETags of header and lines, a row version ...
    "" where the source has none."""
    modified: str
    """Time stamp as the server gave it; "" where it has none."""
    payload: bytes
    """JSON document `{"<part>": row or [rows], ...}` with the rows byte for byte as they came."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some records (at most about a thousand) and where reading goes on after them."""

    records: Sequence[RawRecord]
    position: Json | None
    """Where `extract` continues within the same window; None: this was the last page of the window."""
    cursor: Json | None = None
    """The cursor that holds once this page and all before it are settled; None: no safe one at this point."""


@dataclass(frozen=True, slots=True)
class Window:
    """What one pass over a stream covers. `bounds` is the stream's own; it can be stored and continued later."""

    bounds: Json
    first_load: bool
    """Everything is read, in key order, because there is no cursor yet (or `--full`)."""
    remark: str = ""
    """Something the operator should know (a cursor from the future was not believed); goes to the audit trail."""


class Stream(Protocol):
    """A collection we read. Idempotent throughout: any call may be repeated."""

    @property
    def entity(self) -> Entity: ...

    @property
    def mapping_version(self) -> str:
        """Changes when `normalize` would give other values for the same raw record."""
        ...

    async def window(self, cursor: Json | None) -> Window:
        """What to read now. An unreadable or future cursor is not believed: a full window with a remark."""
        ...

    def extract(self, window: Window, position: Json | None) -> AsyncIterator[Page]:
        """The pages of the window from `position` on (None: from its start).

        The last page has `position=None` and, always, the window's new `cursor`; it may be empty.
        """
        ...

    async def fetch(self, keys: Sequence[str]) -> list[RawRecord]:
        """The records with these keys as they are now; those that do not exist are absent."""
        ...

    def sweep(self) -> AsyncIterator[list[tuple[str, str]]]:
        """(key, version) of every record of the stream in scope, as cheaply as the system allows."""
        ...

    def normalize(self, raw: RawRecord) -> Record:
        """The canonical record; pure. Raises RecordError with every issue."""
        ...


# --- writing -----------------------------------------------------------------------------------------------------


class Part(msgspec.Struct, frozen=True):
    """One row to be on the target: a document's header or one of its lines."""

    name: str
    """`header`, or `line:<OrderLine.id>`: unique within the record, the same for ever."""
    table: str
    external_id: str
    """The id under which we create it, where the target lets us choose (Identity.target_id); else ""."""
    payload: dict[str, Any]
    draft: dict[str, Any] | None = None
    """Columns that a header carries until all lines are there (a status nobody acts on); None: no such status."""
    header_id_column: str = ""
    """A line's column that takes the header's id; filled by `sync.deliver` when the header has one."""
    lookup: dict[str, Any] = {}
    """Columns by which the row is found where its id is not known: the ERP's key."""


class Shaped(msgspec.Struct, frozen=True):
    """A record in the target's form."""

    parts: tuple[Part, ...]
    """The header first."""
    warnings: tuple[str, ...] = ()


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"


class Write(msgspec.Struct, frozen=True):
    """One row write that is about to be made."""

    action: Action
    part: Part
    external_id: str
    """The row's id: chosen by us for a create ("" where the target chooses), known for an update."""
    payload: dict[str, Any]
    """The columns to send now (a draft differs from `part.payload`)."""
    key: str = ""
    """Of the record, for messages."""


class Receipt(msgspec.Struct, frozen=True):
    """The target has done it."""

    external_id: str
    landed: bool = True
    """The echo is what we sent; False: the target still works on it, read it back later."""
    version: str = ""
    """The target's own version of the row (sys_mod_count, ETag) where it tells."""
    existed: bool = False
    """A create found the row there already, equal to what we sent: an earlier attempt had arrived."""
    answer: str = ""
    """What the target said, shortened, for the audit trail."""
    pending: str = ""
    """Done as far as we can do it, but people on the target come next: the reason (WAITING_APPROVAL) that the record
    waits under. It is read back on each run until `Row.pending` says otherwise."""


class Doubt(msgspec.Struct, frozen=True):
    """Nobody knows whether it was done."""

    reason: str


Answer = Receipt | Doubt | RecordError


class Row(msgspec.Struct, frozen=True):
    """A row that is on the target."""

    external_id: str
    columns: dict[str, Any]
    version: str = ""
    pending: str = ""
    """Not final yet, or refused by people there: WAITING_APPROVAL, DENIED_BY_APPROVER; "" when it is final."""
    note: str = ""
    """What people should know about it (which purchase order a requisition became); goes to the audit trail."""


class Facts(msgspec.Struct, frozen=True):
    """What matters about a referenced row on the target."""

    active: bool = True
    valid_from: date | None = None
    valid_to: date | None = None


class Candidate(msgspec.Struct, frozen=True):
    """What `Target.find` should look for: a row that people may have keyed by hand."""

    record: Record
    refs: Refs
    shaped: Shaped


class Target(Protocol):
    """A collection we write. A method raises for what concerns the whole connection, never for one row."""

    @property
    def entity(self) -> Entity: ...

    @property
    def mapping_version(self) -> str: ...

    @property
    def chooses_ids(self) -> bool:
        """True: the target takes the ids we make, so that a create may be sent again at once."""
        ...

    @property
    def late_write_window_s(self) -> float:
        """How long after sending a request may still take effect inside the target."""
        ...

    @property
    def reconciles(self) -> bool:
        """True: nothing is ever written here; records are matched by `find` to what people enter there, compared by
        `differences`, and reported. Such a target has one part per record."""
        ...

    @property
    def sends_updates(self) -> bool:
        """False: a row cannot be changed once it was created; `write` answers an update without sending anything that
        changes something, so that one whose outcome nobody knows was certainly not made."""
        ...

    @property
    def writes_by_id(self) -> bool:
        """True: an update goes to the row by its id, so that a row which people keyed can be given our key.

        Not so where rows are found by a key that theirs does not carry: an import would make a second one.
        """
        ...

    @property
    def shares_rows(self) -> bool:
        """True: the target knows one row by a code or name, whichever companies use it (a common chart of accounts).

        Records of equal code are then linked to one row; `write` creates it once however many ask for it.
        """
        ...

    async def prepare(self) -> None:
        """Learn what is needed before the first write (columns, types); once per run, at most a few requests."""
        ...

    def shape(self, record: Record, identity: Identity, refs: Refs) -> Shaped:
        """The rows to be; pure after `prepare`. Raises RecordError with every issue."""
        ...

    def cancelled(self, table: str, name: str) -> dict[str, Any] | None:
        """Columns that take back a line which vanished at the source; None: it is left alone. Never a delete."""
        ...

    async def write(self, writes: Sequence[Write]) -> list[Answer]:
        """Do the writes, in any order, at most once each in effect; answers in the order of the writes."""
        ...

    async def read(self, table: str, ids: Sequence[str]) -> dict[str, Row]:
        """The rows with these ids; absent: not there (or hidden from us)."""
        ...

    async def find(self, candidates: Sequence[Candidate]) -> list[list[Row]]:
        """For each candidate the rows of its header's table that look like it by (supplier, number), ours included."""
        ...

    async def find_parts(self, parts: Sequence[Part]) -> list[list[Row]]:
        """For each part the rows that carry its `lookup` key; used where ids are the target's."""
        ...

    async def lines_of(self, header_table: str, header_id: str) -> list[Row]:
        """The lines that hang on a header; for adoption."""
        ...

    def alike(self, part: Part, row: Row) -> bool:
        """Whether a line that people keyed by hand is this line: same thing, quantity and price; keys left aside."""
        ...

    def differences(self, payload: Mapping[str, Any], row: Row) -> list[str]:
        """Names of the columns in which the row is not what the payload says."""
        ...

    async def facts(self, ids: Sequence[str]) -> dict[str, Facts]:
        """For rows of this entity: whether they are there, active and valid; absent: not there."""
        ...

    async def by_code(self, codes: Sequence[str]) -> dict[str, list[str]]:
        """Ids of this entity's rows by the code people call them (for value maps and routes that are off)."""
        ...


# --- the whole ---------------------------------------------------------------------------------------------------


class Verdict(StrEnum):
    OK = "ok"
    MISSING = "missing"
    UNVERIFIED = "unverified"


class Finding(msgspec.Struct, frozen=True):
    """One line of `check`: an operation on an entity, and whether it will work."""

    verdict: Verdict
    operation: str
    """sign in, read, write, dictionary ..."""
    subject: str
    """The entity, table, projection or column concerned."""
    message: str
    fix: str = ""
    who: str = ""


class Need(msgspec.Struct, frozen=True):
    """What a flow wants of a connection."""

    entity: Entity
    write: bool
    optional: bool = False
    """Passed over where it is missing; worth a remark, no failure."""


class Memory(Protocol):
    """A small document of a connection that outlives the process: encrypted, shared by all processes.

    Rotating refresh tokens, an open session, a circuit breaker. Called through a thread.
    """

    def load(self) -> Json | None: ...

    def compare_and_swap(self, expected: Json | None, new: Json) -> bool:
        """Durably replace `expected` by `new`; False when something else is stored by now."""
        ...


class Locks(Protocol):
    """Named locks across processes and machines, by the store's clock; a dead holder's lock ends by itself.

    Use them through `protocols.exclusive.exclusive`. Called through a thread.
    """

    def take(self, name: str, owner: str, ttl_s: float) -> bool:
        """Take the lock, or prolong it where `owner` holds it; False: another one holds it and learns that we wait."""
        ...

    def give_back(self, name: str, owner: str) -> bool:
        """Free it, unless it is somebody else's by now; whether somebody has waited for it."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """What the outside lends to a connection."""

    before_write: Callable[[], None] = lambda: None
    """Called immediately before each request that may change something; raises LeaseLostError."""
    memory: Callable[[str], Memory] | None = None
    """By name (`token`, `enet_session`, `breaker` ...) what this connection has to remember; None: nothing lasts."""
    locks: Locks | None = None
    """None: this process is alone."""
    permits: Callable[[int], PermitSource] | None = None
    """From requests a minute to the permits that all processes share; None: this process is alone."""
    ca_file: str | None = None
    proxy: str | None = None


class System(Protocol):
    """An open connection."""

    @property
    def requests(self) -> int:
        """Requests sent so far, token requests included."""
        ...

    def stream(self, entity: Entity) -> Stream: ...
    def target(self, entity: Entity) -> Target: ...

    async def check(self, needs: Sequence[Need]) -> list[Finding]:
        """Sign in and probe all that is needed; never raises for what it finds."""
        ...


@dataclass(frozen=True, slots=True)
class Opening:
    """A connection as configured, decrypted and validated."""

    name: str
    base_url: str
    settings: Any
    """An instance of the connector's settings class."""
    auth_mode: str
    credentials: Mapping[str, str] = field(repr=False)
    ports: Ports = Ports()


@dataclass(frozen=True, slots=True)
class Connector:
    """All that the program knows about a system before it is connected to one."""

    system: str
    title: str
    settings: type[msgspec.Struct]
    """Every field is `Annotated[..., msgspec.Meta(description=, examples=)]`: help, forms and docs come from it."""
    credentials: Mapping[str, type[msgspec.Struct]]
    """By auth_mode, the default first; every field is a text and a secret unless it ends in `_id` or is `username`."""
    reads: frozenset[Entity]
    writes: frozenset[Entity]
    open: Callable[[Opening], AbstractAsyncContextManager[System]]
    default_url: str = ""
    """Pattern of the vendor's address, for help texts."""
