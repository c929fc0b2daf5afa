"""What the suite has to know of a system under test: how to start it, connect to it, and change what is inside.

A subject runs a simulator, whose inside it can see and turn, or stands for a foreign server, of which only the address
and the credentials are known. It speaks canonical words (`amount`, `currency`); its own folder of the vendor's names
stays in `subjects/<system>.py`, written from the fact sheet and not from the connector.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import msgspec

from ml_connector.records import Entity
from ml_connector.systems.base import Connector, Need, Opening, System, Target
from ml_connector.systems.registry import connector
from ml_connector_simulators.exchange import Answer, Call
from ml_connector_simulators.faults import Match
from ml_connector_simulators.framework import Simulator
from ml_connector_simulators.registry import simulator_class

REFUSED = "refused"
"""Instead of the values of a record: its row lacks something mandatory, so that `normalize` has to refuse it."""

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Variant:
    """One way in which the system may be set up; every case runs in each."""

    name: str
    settings: Values = field(default_factory=dict)
    switches: Values = field(default_factory=dict)


@dataclass(frozen=True)
class Absence:
    """Something that `check` has to find missing, and the words by which the administrator recognises it."""

    name: str
    entity: Entity
    change: Values
    """What the simulator's `grant` is told; empty: `switches` and `settings` say it all."""
    words: tuple[str, ...]
    switches: Values = field(default_factory=dict)
    settings: Values = field(default_factory=dict)
    variants: tuple[str, ...] = ()
    """Those that need it; empty: all."""


@dataclass(frozen=True)
class Foreign:
    """A server that is not ours."""

    url: str
    settings: Values
    auth_mode: str
    credentials: Mapping[str, str] = field(repr=False)


class Subject:
    """One system in one variant, running while `run` is entered."""

    system: ClassVar[str]
    variants: ClassVar[tuple[Variant, ...]] = (Variant("plain"),)
    absences: ClassVar[tuple[Absence, ...]] = ()
    overlap_s: ClassVar[float] = 0
    """How late a row may be committed and still be found by the next reading."""

    def __init__(self, variant: Variant, foreign: Foreign | None = None) -> None:
        self.variant = variant
        self.foreign = foreign
        self.base_settings: dict[str, Any] = {}
        self._simulator: Simulator | None = None

    # Running and connecting --------------------------------------------------------------------------------------

    @property
    def connector(self) -> Connector:
        return connector(self.system)

    @property
    def simulator(self) -> Simulator:
        assert self._simulator is not None, "a foreign server has no inside"
        return self._simulator

    def make(self, start: datetime | None) -> Simulator:
        """The simulator, not yet running."""
        return simulator_class(self.system)(size="small", seed=1, start=start)

    @asynccontextmanager
    async def run(self, start: datetime | None = None) -> AsyncIterator[Subject]:
        """`start` is the moment at which the simulator's clock begins."""
        if self.foreign is not None:
            yield self
            return
        self._simulator = self.make(start)
        self.switch(**self.variant.switches)
        async with self._simulator:
            yield self

    @property
    def url(self) -> str:
        return self.foreign.url if self.foreign else self.simulator.url

    @property
    def credentials(self) -> dict[str, str]:
        """Without `auth_mode`."""
        given = self.foreign.credentials if self.foreign else self.simulator.credentials()
        return {name: str(value) for name, value in given.items() if name != "auth_mode"}

    @property
    def auth_mode(self) -> str:
        return self.foreign.auth_mode if self.foreign else str(self.simulator.credentials()["auth_mode"])

    @property
    def secrets(self) -> list[str]:
        """Values that nobody may ever read."""
        return [value for name, value in self.credentials.items() if not name.endswith("_id") and name != "username"]

    def opening(self, credentials: Mapping[str, str] | None = None, **settings: Any) -> Opening:
        """The connection as an operator would have configured it; `credentials` and `settings` replace single ones."""
        given = self.foreign.settings if self.foreign else self.simulator.settings()
        merged = {**given, **self.variant.settings, **settings}
        return Opening(
            "conformance",
            self.url,
            msgspec.convert(merged, self.connector.settings),
            self.auth_mode,
            self.credentials | dict(credentials or {}),
        )

    @asynccontextmanager
    async def connect(self, credentials: Mapping[str, str] | None = None, **settings: Any) -> AsyncIterator[System]:
        async with self.connector.open(self.opening(credentials, **settings)) as system:
            yield system

    def needs(self, *entities: Entity) -> list[Need]:
        """What a flow over these entities (default: all) wants of the connection."""
        known = self.connector.reads | self.connector.writes
        wanted = entities or [entity for entity in Entity if entity in known]
        return [Need(entity, write=entity in self.connector.writes) for entity in wanted]

    # The simulator's surroundings --------------------------------------------------------------------------------

    def switch(self, **switches: Any) -> None:
        if switches:
            self.simulator.set_switches(**switches)

    def fault(self, do: str, *, match: Values | None = None, nth: int | None = None, **more: Any) -> None:
        """One trouble, at the `nth` matching request from now on (None: at every one)."""
        self.simulator.add_fault(match=dict(match or {}), action={"do": do, **more}, nth=nth)

    def calm(self) -> None:
        """No more trouble."""
        self.simulator.faults.clear()

    def later(self, seconds: float) -> None:
        """Time passes inside the system."""
        self.simulator.clock.advance(seconds)

    def moment(self, seconds_ago: float = 0) -> datetime:
        """A moment of the system's own clock."""
        return self.simulator.clock.now() - timedelta(seconds=seconds_ago)

    def requests(self, kind: str) -> int:
        """How often the system was asked for something: token, read, write."""
        return int(self.simulator.journal.counts().by_kind.get(kind, 0))

    def interrupt(self, act: Callable[[], object], after: int, match: Values) -> None:
        """Let somebody do something inside the system after its `after`-th answer to such a request from now on."""
        simulator, answer, seen = self.simulator, self.simulator.answer, 0
        wanted = msgspec.convert(dict(match), Match)

        async def answer_and_act(call: Call) -> Answer:
            nonlocal seen
            found = await answer(call)
            if wanted.fits(call, simulator.classify(call)):
                seen += 1
                if seen == after:
                    act()
            return found

        simulator.answer = answer_and_act  # type: ignore[method-assign]

    # Signing in --------------------------------------------------------------------------------------------------

    bad_credentials: ClassVar[Mapping[str, str]] = {}
    """Replaced in the good ones so that nobody can sign in."""

    def expire_tokens(self) -> None:
        """Every token issued so far is refused from now on."""
        self.simulator.grant({"tokens": "revoke"})

    def disable_client(self) -> None:
        """The account may not sign in any more."""
        self.simulator.grant({"client": self.credentials["client_id"], "granted": False})

    def take_roles(self) -> tuple[str, ...]:
        """The account signs in and may do nothing; returns words that `check` has to say about it."""
        raise NotImplementedError

    def issued_tokens(self) -> list[str]:
        """Tokens that are good now; as secret as the credentials."""
        raise NotImplementedError

    # Reading -----------------------------------------------------------------------------------------------------

    impatient: ClassVar[Values] = {}
    """Settings by which the connection waits a fifth of a second for an answer."""

    def known_codes(self) -> tuple[Entity, dict[str, list[str]]]:
        """Of a system that is only written: an entity, and the ids of rows that are there by the code people use."""
        raise NotImplementedError

    def take_sight(self) -> None:
        """The account still may read, but is shown nothing: the answer is good and empty."""
        raise NotImplementedError

    def zoned(self, time_zone: str) -> Variant:
        """The variant on a system whose stamps are wall-clock times of that zone, and a connection that knows it."""
        raise NotImplementedError

    heads: ClassVar[Mapping[Entity, str]] = {}
    """What the requests for an entity's heads ask for, in the words of the simulator's journal."""

    def match_read(self, entity: Entity) -> Values:
        """Picks the requests for an entity's heads, in the words of the simulator's faults."""
        return {"kind": "read", "entity": self.heads[entity]}

    small_pages: ClassVar[Values] = {}
    """Switches by which the system gives few rows a page and says so."""
    silent_cap: ClassVar[Values] = {}
    """Switches by which it gives few rows a page and does not say that there are more."""

    def expected(self, entity: Entity) -> dict[str, Any]:
        """By key what a record has to say, out of the system's own rows: values by field name, or REFUSED."""
        raise NotImplementedError

    def lively(self, entity: Entity) -> list[str]:
        """Keys of records that may still change; of documents those recent and not final, with several lines."""
        raise NotImplementedError

    def add(self, entity: Entity, number: int, *, stamp: datetime | None = None, **values: Any) -> str:
        """Somebody enters a record; the key it must be read under. `values` are canonical: amount, currency, name."""
        raise NotImplementedError

    def edit(self, entity: Entity, key: str, *, stamp: datetime | None = None) -> None:
        """Somebody changes a mapped value of the head row."""
        raise NotImplementedError

    def edit_line(self, entity: Entity, key: str) -> None:
        """Somebody changes a line and leaves the head alone."""
        raise NotImplementedError

    def remove_line(self, entity: Entity, key: str) -> None:
        """Somebody deletes one line."""
        raise NotImplementedError

    def remove(self, entity: Entity, key: str) -> None:
        """Somebody deletes the record with all its rows."""
        raise NotImplementedError

    def cancel(self, entity: Entity, key: str) -> None:
        """Somebody cancels the document."""
        raise NotImplementedError

    def add_unknown_field(self, entity: Entity, key: str) -> None:
        """The head row gets a field that nobody announced."""
        raise NotImplementedError

    with_lines: ClassVar[frozenset[Entity]] = frozenset()
    """Entities whose lines are rows of their own."""

    async def change_with_version(self, system: System, entity: Entity, key: str, version: str) -> str:
        """Change a row as it was when it had this version ("" reads it first); returns the version it was sent with.

        Raises StaleVersionError when it has another by now.
        """
        raise NotImplementedError

    # Writing -----------------------------------------------------------------------------------------------------

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table as they really are."""
        return [dict(row) for row in self.simulator.truth().get(table, ())]

    def id_of(self, row: Values) -> str:
        """The target's own id of such a row."""
        raise NotImplementedError

    def money(self, text: str) -> tuple[str, Decimal]:
        """Currency and exact amount of a stored value."""
        raise NotImplementedError

    def net_of(self, entity: Entity) -> tuple[str, str]:
        """Part and column in which a document of one line shows its amount."""
        raise NotImplementedError

    def code_column(self, entity: Entity) -> str:
        """Column of the header that holds the record's code or number; "" where the table has none."""
        raise NotImplementedError

    def is_cancelled(self, row: Values) -> bool:
        """Whether a header's row says that the document counts no more."""
        raise NotImplementedError

    def add_column(self, table: str) -> None:
        """A column that nobody announced."""
        raise NotImplementedError

    def poison(self, target: Target, payload: Values, table: str) -> dict[str, Any]:
        """The payload with a value that the system refuses, or quietly stores otherwise."""
        raise NotImplementedError

    def revoke_writing(self, entity: Entity) -> tuple[str, ...]:
        """The role by which the entity is written is taken; returns words that the error has to say."""
        raise NotImplementedError

    def touches(self, rows: Sequence[Values]) -> list[Any]:
        """What moves on each row with every change, however small: a counter."""
        raise NotImplementedError
