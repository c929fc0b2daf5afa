"""Builds the whole program from its environment: data folder, database, keys, connections, engine.

Commands and pages call an `Application` and nothing below it.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import msgspec

from ml_connector import clock, configuration
from ml_connector.configuration.export import document
from ml_connector.configuration.schedule import next_run
from ml_connector.configuration.tree import suggestion
from ml_connector.connections import Checked, Connections, OpenEnds, run_to_end
from ml_connector.engine.in_process import InProcessEngine
from ml_connector.errors import ConfigurationError, MLConnectorError
from ml_connector.records import Entity, State
from ml_connector.store import audit, decisions, keyring, queries, secrets, setup
from ml_connector.store import configuration as stored
from ml_connector.store.store import DjangoStore
from ml_connector.store.workspace import Workspace
from ml_connector.sync.flow import Flow
from ml_connector.sync.report import Progress, Report
from ml_connector.sync.store import RunOptions
from ml_connector.systems import registry
from ml_connector.systems.base import RawRecord

Json = dict[str, Any]
Decision = Literal["hold", "exclude", "release"]

HOME = "~/.ml-connector"
PAGE = 1000
"""Records fetched at a time when all are wanted."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Where this program keeps its data and finds its keys."""

    home: Path
    database_url: str = field(default="", repr=False)
    """Empty: SQLite in the data folder."""
    migration_url: str = field(default="", repr=False)
    """The same database under a role that may change the schema; empty: the usual one may."""
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    """All of the environment: keys, and what a configuration file refers to."""

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Environment:
        return cls(
            Path(variables.get("ML_CONNECTOR_HOME") or HOME).expanduser(),
            variables.get("ML_CONNECTOR_DATABASE_URL", ""),
            variables.get("ML_CONNECTOR_MIGRATION_URL", ""),
            variables,
        )


class Application:
    """One workspace of one database; a context manager that closes it."""

    def __init__(self, environment: Environment, *, actor: str = "") -> None:
        self.environment = environment
        self.actor = actor or f"cli:{_user()}"
        self._engine: InProcessEngine | None = None

    def __enter__(self) -> Application:
        return self

    def __exit__(self, *_: object) -> None:
        if "_store" in self.__dict__:
            self._store.close()
        if "workspace" in self.__dict__:
            self.workspace.close()

    @cached_property
    def workspace(self) -> Workspace:
        """Opened, and migrated where needed, when first asked for."""
        here = self.environment
        _make_folder(here.home)
        keys = keyring.load_keyring(here.home, here.variables)
        return setup.open_workspace(here.database_url, here.home, keys, migration_url=here.migration_url)

    @cached_property
    def _store(self) -> DjangoStore:
        return DjangoStore(self.workspace)

    # configuration as code

    def apply(self, text: str, *, file: str, dry_run: bool = False) -> list[stored.Change]:
        """Make the store match the file; what changed, or would."""
        wanted = configuration.read(text, self.environment.variables, file=file)
        return stored.apply(self.workspace, wanted.connections, wanted.flows, actor=self.actor, dry_run=dry_run)

    def export(self) -> str:
        """What is configured as a file, secrets left out."""
        return configuration.export(stored.connections(self.workspace), stored.flows(self.workspace))

    def export_document(self) -> Json:
        """The same as plain values."""
        return document(stored.connections(self.workspace), stored.flows(self.workspace))

    def check(self, connection: str = "") -> Iterator[Checked]:
        """Probe what the flows need of each connection, or of one."""
        return Connections(self.workspace).check(connection)

    def rotate_keys(self, *, new_key: bool = False) -> int:
        """Wrap every credential under the newest key; how many there were. `new_key`: under one made now."""
        if new_key:
            self._add_key()
        return secrets.rotate(self.workspace)

    def _add_key(self) -> None:
        here = self.environment
        _make_folder(here.home)
        origin = Path(keyring.load_keyring(here.home, here.variables).origin)
        if not origin.is_file():
            raise ConfigurationError(
                "The keys come from the environment, where nothing can be added.",
                fix="Put a new key (openssl rand -base64 32) in front of ML_CONNECTOR_SECRET_KEY, then rotate.",
            )
        keyring.add_key(origin)

    # runs

    def flow(self, name: str) -> Flow:
        """The flow; ConfigurationError with the nearest name."""
        return stored.load_flow(self.workspace, name)

    def route(self, flow: str, route: str) -> Entity:
        """The entity of a flow's route; ConfigurationError with the nearest name."""
        names = [each.entity.value for each in self.flow(flow).routes]
        if route not in names:
            raise ConfigurationError(f"Flow {flow!r} has no route {route!r}.", fix=suggestion(route, names))
        return Entity(route)

    def run(
        self,
        flow: str,
        progress: Progress,
        *,
        routes: Sequence[str] = (),
        full: bool = False,
        limit: int | None = None,
        dry_run: bool = False,
    ) -> Report:
        """One run now, after an interrupted one was finished."""
        entities = tuple(self.route(flow, route) for route in routes)
        return self._execute(flow, RunOptions(entities=entities, full=full, limit=limit), progress, dry_run)

    def replay(
        self,
        flow: str,
        progress: Progress,
        *,
        routes: Sequence[str] = (),
        state: State | None = None,
        keys: Sequence[str] = (),
        run_id: str = "",
    ) -> Report:
        """Send set-aside records again, from what was stored of them."""
        entities = tuple(self.route(flow, route) for route in routes)
        options = RunOptions(
            entities=entities, replay=True, replay_state=state, replay_keys=tuple(keys), replay_run=run_id
        )
        return self._execute(flow, options, progress, False)

    def _execute(self, name: str, options: RunOptions, progress: Progress, dry_run: bool) -> Report:
        flow = self.flow(name)
        systems = {flow.source: flow.source_system, flow.target: flow.target_system}
        self._engine = InProcessEngine(self._store, OpenEnds(Connections(self.workspace), systems))
        options = msgspec.structs.replace(options, actor=self.actor)
        return run_to_end(self._engine.run(flow, options, progress, dry_run=dry_run))

    def cancel(self) -> None:
        """Ask the run under way to end between two batches; safe in a signal handler."""
        if self._engine is not None:
            self._engine.cancel()

    # records

    def records(self, flow: str, *, route: str = "", state: str = "", search: str = "") -> Iterator[Json]:
        """The records in the order of routes and keys; all that match, a page at a time from the store."""
        self.flow(flow)
        entity = self.route(flow, route).value if route else ""
        after: tuple[str, str] | None = None
        while True:
            page = queries.records(
                self.workspace, flow, entity=entity, state=state, search=search, limit=PAGE, after=after
            )
            yield from page
            if len(page) < PAGE:
                return
            after = page[-1]["entity"], page[-1]["key"]

    def record(self, flow: str, route: str, key: str) -> Json:
        """One record's ends and `history`, oldest first; ConfigurationError where there is no such record."""
        entity = self.route(flow, route)
        story = queries.story(self.workspace, flow, entity.value, key)
        if not story:
            like = [line["key"] for line in queries.records(self.workspace, flow, entity=entity.value, search=key)]
            near = f"There are {', '.join(like[:5])}." if like else f"`ml-connector records {flow}` lists them."
            raise ConfigurationError(f"Flow {flow!r} has no {entity.singular} {key!r}.", fix=near)
        ends = self.flow(flow)
        self._understand(ends, entity, story)
        return {
            "flow": flow,
            "route": entity.value,
            "singular": entity.singular,
            "key": key,
            "source": _end(ends.source, ends.source_system),
            "target": _end(ends.target, ends.target_system),
            "history": story,
        }

    def _understand(self, flow: Flow, entity: Entity, story: list[Json]) -> None:
        """Add to each reading what the mapping makes of it today; left out where the connection cannot be opened."""
        readings = [step for step in story if step["step"] == "read" and step["raw"] is not None]
        raws = [
            RawRecord(each["key"], each["scope"], each["version"], each["modified"], msgspec.json.encode(each["raw"]))
            for each in readings
        ]
        try:
            found = Connections(self.workspace).understood(flow.source, flow.source_system, entity, raws)
        except MLConnectorError:
            return
        for step, understood in zip(readings, found, strict=True):
            step["understood"] = understood

    def decide(self, decision: Decision, flow: str, route: str, keys: Sequence[str], reason: str) -> list[str]:
        """Hold, exclude or release records; the keys that were found."""
        entity = self.route(flow, route)
        act = {"hold": decisions.hold, "exclude": decisions.exclude, "release": decisions.release}[decision]
        return act(self.workspace, flow, entity.value, keys, reason=reason, actor=self.actor)

    def status(self) -> list[Json]:
        """A line per flow, `next_run_at` added: when its next route is due."""
        lines = queries.flows(self.workspace)
        now = clock.now()
        for line in lines:
            due = [
                next_run(route["schedule"], line["timezone"], now)
                for route in line["routes"]
                if route["enabled"] and route["schedule"]
            ]
            first = min((at for at in due if at), default=None)
            line["next_run_at"] = first.isoformat().replace("+00:00", "Z") if first else None
        return lines

    # audit

    def audit_verify(self, progress: Callable[[int, int], None] | None = None) -> list[audit.Finding]:
        """What is wrong with the ledger; [] when it is unbroken."""
        return audit.verify(self.workspace, progress)

    def audit_export(self, since: datetime | None = None) -> Iterator[bytes]:
        """The ledger, a JSON document each."""
        return audit.export(self.workspace, since)


def _end(connection: str, system: str) -> Json:
    return {"connection": connection, "system": system, "title": registry.connector(system).title}


def _make_folder(home: Path) -> None:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"The data folder {home} cannot be made: {error.strerror}.",
            fix="Make it yourself, or name another one in ML_CONNECTOR_HOME.",
        ) from error


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
