"""Opens configured connections with their decrypted credentials, and checks what the flows need of them."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

import msgspec

from ml_connector.configuration.transport import split
from ml_connector.configuration.tree import suggestion
from ml_connector.errors import ConfigurationError, MLConnectorError
from ml_connector.protocols.rate_limit import Lease
from ml_connector.protocols.redaction import register_secret
from ml_connector.records import Entity
from ml_connector.store import configuration as stored
from ml_connector.store.locks import StoredLocks
from ml_connector.store.permits import StoredPermits
from ml_connector.store.secrets import StoredMemory
from ml_connector.store.workspace import Workspace
from ml_connector.systems import registry
from ml_connector.systems.base import Finding, Json, Need, Opening, Ports, RawRecord, Stream, System, Verdict

T = TypeVar("T")


class Checked(msgspec.Struct, frozen=True):
    """What `check` found out about one connection."""

    connection: str
    system: str
    title: str
    """The system's name, for people."""
    findings: tuple[Finding, ...]

    @property
    def missing(self) -> bool:
        return any(finding.verdict is Verdict.MISSING for finding in self.findings)


class Connections:
    """The connections of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def opening(self, name: str) -> Opening:
        """Decrypted and validated; from here on its secrets are masked in all that is said."""
        found = stored.load_connection(self._workspace, name)
        connector = registry.connector(found.system)
        register_secret(*(text for key, text in found.credentials.items() if is_secret(key)))
        settings, transport = split(found.settings)
        try:
            made = msgspec.convert(settings, connector.settings)
        except msgspec.ValidationError as error:
            raise ConfigurationError(
                f"The stored settings of connection {name!r} do not fit this version: {error}.",
                fix="Correct them in the configuration file and apply it.",
            ) from error
        self._require(name, connector.credentials[found.auth_mode], found.credentials)
        stored_permits = StoredPermits(self._workspace, name)
        ports = Ports(
            memory=lambda slot: StoredMemory(self._workspace, name, slot),
            locks=StoredLocks(self._workspace),
            permits=lambda per_minute: SharedPermits(stored_permits, per_minute),
            ca_file=transport.ca_file or None,
            proxy=transport.proxy or None,
        )
        return Opening(name, found.base_url, made, found.auth_mode, found.credentials, ports)

    def _require(self, name: str, declared: type[msgspec.Struct], given: Any) -> None:
        fields = msgspec.structs.fields(declared)
        absent = [field.encode_name for field in fields if field.required and not given.get(field.encode_name)]
        if absent:
            raise ConfigurationError(
                f"Connection {name!r} has no {' and no '.join(absent)} yet.",
                fix="Give it under `credentials` in the configuration file and apply the file.",
            )

    def understood(self, name: str, system: str, entity: Entity, raws: Sequence[RawRecord]) -> list[Json | None]:
        """What the connection's mapping makes of raw records today; None where it cannot. Asks the system nothing."""
        connector, opening = registry.connector(system), self.opening(name)

        async def normalize() -> list[Json | None]:
            async with connector.open(opening) as opened:
                stream = opened.stream(entity)
                return [_understood(stream, raw) for raw in raws]

        return run_to_end(normalize())

    def check(self, only: str = "") -> Iterator[Checked]:
        """Probe what the flows need of each connection, or of one."""
        known = {each.name: each.system for each in stored.connections(self._workspace)}
        if only and only not in known:
            raise ConfigurationError(f"There is no connection {only!r}.", fix=suggestion(only, known))
        for name in [only] if only else known:
            yield self._check(name, known[name])

    def _check(self, name: str, system: str) -> Checked:
        connector = registry.connector(system)
        needs = self._needs(name, system)
        try:
            opening = self.opening(name)

            async def probe() -> list[Finding]:
                async with connector.open(opening) as opened:
                    return await opened.check(needs)

            found = run_to_end(probe())
        except MLConnectorError as error:
            found = [Finding(Verdict.MISSING, "open", name, error.message, error.fix, error.who)]
        return Checked(name, system, connector.title, tuple(found))

    def _needs(self, name: str, system: str) -> list[Need]:
        """What the flows want of a connection; all that its connector can do while no flow uses it."""
        flows = [flow for flow in stored.flows(self._workspace) if name in (flow.source, flow.target)]
        needs: dict[Need, None] = {}
        for flow in flows:
            for route in flow.routes:
                if route.enabled and flow.source == name:
                    needs[Need(route.entity, route.direction != "source_to_target")] = None
                if route.enabled and flow.target == name:
                    needs[Need(route.entity, True, route.optional)] = None
        if not flows:
            connector = registry.connector(system)
            for entity in Entity:
                if entity in connector.reads | connector.writes:
                    needs[Need(entity, entity in connector.writes)] = None
        return list(needs)


def _understood(stream: Stream, raw: RawRecord) -> Json | None:
    try:
        found: Json = msgspec.json.decode(msgspec.json.encode(stream.normalize(raw)))
    except MLConnectorError:
        return None
    return found


class SharedPermits:
    """Permits from the store, asked for outside of the event loop's thread (`protocols.rate_limit.PermitSource`)."""

    def __init__(self, permits: StoredPermits, per_minute: int) -> None:
        self._permits, self._per_minute = permits, per_minute

    async def lease(self, wanted: int) -> Lease:
        return Lease(*await asyncio.to_thread(self._permits.lease, wanted, self._per_minute))


class OpenEnds:
    """The two ends of a flow, decrypted before the run begins, so that nothing in it waits for the store."""

    def __init__(self, connections: Connections, systems: dict[str, str]) -> None:
        """`systems`: connection name -> system."""
        self._systems = systems
        self._openings = {name: connections.opening(name) for name in systems}

    def __call__(self, name: str, before_write: Callable[[], None]) -> AbstractAsyncContextManager[System]:
        """An `engine.base.OpenSystem`."""
        opening = self._openings[name]
        ports = dataclasses.replace(opening.ports, before_write=before_write)
        return registry.connector(self._systems[name]).open(dataclasses.replace(opening, ports=ports))


def is_secret(field: str) -> bool:
    """Whether a field of credentials must never be shown (`Connector.credentials`)."""
    return not field.endswith("_id") and field != "username"


def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """Run asynchronous work from synchronous code, on the fastest loop there is."""
    try:
        import uvloop
    except ImportError:
        import asyncio

        return asyncio.run(work)
    return uvloop.run(work)
