"""What a run asks of the store: a few calls a page or a batch, each one transaction, all safe to call again.

The store is synchronous; `sync` calls it through one thread. Every writing call takes the Lease and does nothing but
raise LeaseLostError when another process has taken the flow over. Everything is bounded by the workspace that the
store was opened for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from ml_connector.errors import Issue
from ml_connector.records import Entity, State
from ml_connector.systems.base import Json, RawRecord


class Lease(msgspec.Struct, frozen=True):
    """The right to run a flow: valid until another process takes a higher epoch."""

    flow_id: int
    owner: str
    epoch: int
    ttl_s: float
    took_over: bool
    """A run of an earlier epoch did not end by itself: its intents have to be verified."""


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for; kept with the run so that an interrupted one can be finished as it was meant."""

    entities: tuple[Entity, ...] = ()
    """Only these routes; empty: all."""
    full: bool = False
    limit: int | None = None
    """At most so many records a route."""
    replay: bool = False
    """Send set-aside records again instead of reading the source."""
    replay_state: State | None = None
    replay_keys: tuple[str, ...] = ()
    replay_run: str = ""
    actor: str = "system"


class Run(msgspec.Struct, frozen=True):
    """One execution of a flow."""

    id: str
    """UUID."""
    flow_id: int
    options: RunOptions
    started_at: float
    """Seconds since 1970, UTC; so are all `_at` of this file."""
    takeovers: int = 0
    counts: Mapping[str, Mapping[str, int]] = {}
    """By route (`entity:direction`) and outcome, as of the last settled batch."""


class RouteState(msgspec.Struct, frozen=True):
    """How far a route has got."""

    cursor: Json | None = None
    """Over settled records only."""
    read_mark: Json | None = None
    """`{"window": bounds, "first_load": bool, "position": ...}` of the window being read; None between windows."""
    swept_at: float | None = None
    records: int = 0
    """How many records the route knows."""


class RawRef(msgspec.Struct, frozen=True, array_like=True):
    """Where the raw form of a record's version is kept."""

    page: int
    index: int


class PartState(msgspec.Struct, frozen=True, array_like=True):
    """What we know about one part on the target: the cross-reference."""

    name: str
    table: str
    external_id: str
    fingerprint: bytes
    """Of the payload that is there, or may be there while `doubt`."""
    status: str
    """done; draft (header without all its lines); doubt (a write without a clear answer); cancelled."""
    action: str = ""
    """create or update: the last write."""
    sent_at: float = 0.0
    """Of the write in doubt."""
    version: str = ""
    """The target's version of the row."""
    landed: bool = True
    before: bytes = b""
    """Fingerprint of the payload that an update replaced."""
    pending: str = ""
    """Reason under which people on the target come next, or have refused it; read back on each run."""


class Linked(msgspec.Struct, frozen=True, array_like=True):
    """Whose header a row of the target is."""

    system: str
    scope: str
    key: str


class RecordRow(msgspec.Struct, kw_only=True):
    """All that is known about one record of one route; state belongs to the newest version."""

    key: str
    scope: str
    state: State
    code: str = ""
    """Reason, from `records.states.REASONS`; "" where everything is as it should be."""
    issues: tuple[Issue, ...] = ()
    label: str = ""
    version: str = ""
    """Source version (RawRecord.version) of the newest version."""
    modified: str = ""
    fingerprint: bytes = b""
    """Of the newest version's canonical record."""
    mapping: str = ""
    """Mapping version under which it was judged."""
    raw: RawRef
    parts: tuple[PartState, ...] = ()
    natural: bytes | None = None
    """key_hash of the natural key."""
    warning: bytes | None = None
    facts: Json | None = None
    """Of dimensions and suppliers: code, active, valid_from, valid_to, as `sync.resolve` needs them."""
    waits_for: str = ""
    """`entity:key` of the parent it waits for."""
    adopted: bool = False
    pulled: bool = False
    """Out of scope by itself, but taken along because something in scope refers to it."""
    released: bool = False
    """A person released it: it passes the check that held it. A row for a known record carries it on."""
    missing_sweeps: int = 0
    due_at: float = 0.0
    """When a waiting or doubtful record is worth taking up again."""
    run_id: str = ""
    outcome: str = ""
    """Under which it was counted in `run_id`."""
    updated_at: float = 0.0

    def part(self, name: str) -> PartState | None:
        return next((part for part in self.parts if part.name == name), None)

    @property
    def header_id(self) -> str:
        """The header's id on the target, even while nobody knows whether it is there; "" where there is none."""
        return self.parts[0].external_id if self.parts else ""

    @property
    def target_id(self) -> str:
        """The header's id on the target, once it is certainly there; else ""."""
        header = self.parts[0] if self.parts else None
        return header.external_id if header and header.status != "doubt" else ""


class StoredPage(msgspec.Struct, frozen=True):
    """A page in the inbox."""

    id: int
    records: Sequence[RawRecord]
    settled: int
    """So many records from its start are settled."""
    cursor: Json | None
    """What the cursor becomes when all of it is settled."""
    origin: str
    """from_source, or why else it was read: sweep, parent."""


class IntendedWrite(msgspec.Struct, frozen=True, array_like=True):
    """One row write that is about to be made."""

    part: str
    table: str
    external_id: str
    action: str
    payload: dict[str, Any]
    fingerprint: bytes
    """Of the part's final payload."""
    before: bytes = b""
    """Fingerprint of the payload that an update replaces."""


class IntendedDocument(msgspec.Struct, frozen=True, array_like=True):
    """All writes of one document in one batch."""

    key: str
    writes: tuple[IntendedWrite, ...]


class Intent(msgspec.Struct, frozen=True):
    """A batch of writes, committed before the first of them leaves."""

    id: int
    route_id: int
    epoch: int
    at: float
    documents: tuple[IntendedDocument, ...]
    rows: tuple[RecordRow, ...] = ()
    """The records as they were judged, with the parts that they had before, so that a killed batch can be put in doubt
    without reading again."""


class Event(msgspec.Struct, frozen=True):
    """A line of the ledger; `data` holds codes, hashes, ids and counts: no payload, no secret."""

    kind: str
    route_id: int | None = None
    key: str = ""
    data: Json = {}


class Settlement(msgspec.Struct, kw_only=True):
    """All outcomes of one batch; one transaction."""

    route_id: int
    rows: list[RecordRow]
    """Inserted or replaced by (route, key)."""
    events: list[Event]
    intent_id: int | None = None
    """Closed by this settlement."""
    answers: dict[str, list[Any]] = msgspec.field(default_factory=dict)
    """What the target said, by record key; kept beside the ledger."""
    page_id: int | None = None
    page_settled: int = 0
    """Records of the page settled from its start, after this."""
    closes_pages: tuple[int, ...] = ()
    """Pages of re-read records whose outcomes are among these rows."""
    cursor: Json | None = None
    """New cursor; None: as it was."""
    counts: Mapping[str, Mapping[str, int]] | None = None
    """The run's counts after this batch."""


class Store(Protocol):
    """See the module's first lines."""

    # lease and runs
    def acquire(self, flow_id: int, owner: str, ttl_s: float) -> Lease:
        """Take the flow's lease; ConfigurationError naming the holder while another process holds it."""
        ...

    def renew(self, lease: Lease) -> bool:
        """Prolong by `ttl_s`, by the database's clock; False: lost. Callable from a thread of its own."""
        ...

    def release(self, lease: Lease) -> None: ...

    def interrupted_run(self, lease: Lease) -> Run | None:
        """The flow's run that never ended, its takeovers counted up by this call; None: there is none."""
        ...

    def start_run(self, lease: Lease, options: RunOptions) -> Run: ...

    def finish_run(self, lease: Lease, run: Run, outcome: str, report: Json) -> None:
        """Ends the run and links its chain of ledger events into the workspace's."""
        ...

    # routes
    def route_state(self, route_id: int) -> RouteState: ...

    def set_route(
        self, lease: Lease, run: Run, route_id: int, *, read_mark: Json | None = None, swept_at: float | None = None
    ) -> None: ...

    # receive
    def keep_page(
        self,
        lease: Lease,
        run: Run,
        route_id: int,
        records: Sequence[RawRecord],
        *,
        read_mark: Json | None,
        cursor: Json | None,
        origin: str = "from_source",
    ) -> int:
        """Store a page (compressed) and move the read mark (None: the window is read to its end); the page's id.

        A page of another origin than `from_source` leaves the read mark alone.
        """
        ...

    def open_pages(self, route_id: int) -> Iterator[StoredPage]:
        """The inbox: pages with unsettled records, oldest first."""
        ...

    def raw(self, route_id: int, refs: Sequence[RawRef]) -> list[RawRecord | None]:
        """Raw records again; None where retention erased them."""
        ...

    # compare, resolve
    def known(self, route_id: int, keys: Sequence[str]) -> dict[str, RecordRow]: ...

    def same_natural(self, route_id: int, hashes: Sequence[bytes]) -> dict[bytes, list[str]]:
        """Keys of the records with these natural keys."""
        ...

    def linked(self, route_id: int, target_ids: Sequence[str]) -> dict[str, Linked]:
        """Which of these rows are some record's header already, in any flow that writes the entity to this target."""
        ...

    def same_warning(self, route_id: int, hashes: Sequence[bytes]) -> dict[bytes, list[str]]: ...

    def due(self, route_id: int, now: float, after_key: str, limit: int) -> list[RecordRow]:
        """Records to take up again by themselves: waiting, delivered and received ones with due_at <= now.

        Those in doubt always, so that no run calls itself complete while a write is in doubt; what is not due yet they
        see for themselves. In key order after `after_key`, at most `limit`.
        """
        ...

    def chosen(self, route_id: int, options: RunOptions, after_key: str, limit: int) -> list[RecordRow]:
        """The set-aside records that a replay takes up (rejected, held by default none, waiting), in key order."""
        ...

    def versions(self, route_id: int, after_key: str, limit: int) -> list[tuple[str, str, str, int]]:
        """(key, version, state, missing_sweeps) in key order; for the sweep."""
        ...

    # intend, settle
    def intend(self, lease: Lease, run: Run, intent: Intent) -> int:
        """Commit what is about to be sent; the intent's id (`intent.id` is ignored)."""
        ...

    def open_intents(self, flow_id: int) -> list[Intent]:
        """Intents without a settlement: of killed or frozen runs."""
        ...

    def settle(self, lease: Lease, run: Run, settlement: Settlement) -> None: ...

    def note(self, lease: Lease, run: Run, events: Sequence[Event]) -> None:
        """Ledger events that belong to no batch."""
        ...
