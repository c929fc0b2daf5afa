"""An open connection: one HTTP client, one sign-in, one picture of the instance, and its targets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from ml_connector.errors import ConfigurationError
from ml_connector.protocols.http import Http, HttpSettings
from ml_connector.protocols.rate_limit import RateBudget
from ml_connector.protocols.session import Session
from ml_connector.records import Entity
from ml_connector.systems.base import Finding, Need, Opening, Stream, System, Target
from ml_connector.systems.servicenow.answers import Guide, status_table
from ml_connector.systems.servicenow.check import Doctor
from ml_connector.systems.servicenow.courier import Courier
from ml_connector.systems.servicenow.dictionary import Dictionary
from ml_connector.systems.servicenow.instance import Instance
from ml_connector.systems.servicenow.mapping import MAPPINGS, PAGES, S2P_READ_ROLES
from ml_connector.systems.servicenow.profiles import Profiles
from ml_connector.systems.servicenow.rows import RowReader
from ml_connector.systems.servicenow.settings import Settings
from ml_connector.systems.servicenow.signin import auth_of
from ml_connector.systems.servicenow.targets import EntityTarget, Workshop


class ServiceNow:
    """A connection to one instance."""

    def __init__(self, session: Session, base_url: str, settings: Settings, user: str = "") -> None:
        guide = _guide(settings)
        session.status = status_table(guide)
        instance = Instance(session, base_url, settings, guide)
        dictionary = Dictionary(instance, settings.column_types)
        self._session = session
        self._user = settings.service_user or user
        self._targets: dict[Entity, EntityTarget] = {}
        self.workshop = Workshop(
            settings,
            instance,
            dictionary,
            RowReader(instance, dictionary),
            Courier(session, base_url.rstrip("/"), settings),
            Profiles(instance),
            guide,
        )

    @property
    def requests(self) -> int:
        """Requests sent so far, token requests included."""
        return self._session.counts.requests

    def stream(self, entity: Entity) -> Stream:
        """ServiceNow is only written."""
        raise ConfigurationError(f"ServiceNow is a target: its {entity.value} are not read into another system.")

    def target(self, entity: Entity) -> Target:
        """The target of an entity; the same one each time."""
        if entity not in PAGES:
            raise ConfigurationError(f"ServiceNow takes no {entity.value}.")
        if entity not in self._targets:
            self._targets[entity] = EntityTarget(entity, self.workshop)
        return self._targets[entity]

    async def check(self, needs: Sequence[Need]) -> list[Finding]:
        """What will work and what will not, and who can change it."""
        return await Doctor(self.workshop, self._user).examine(needs)


@asynccontextmanager
async def open_connection(opening: Opening) -> AsyncIterator[System]:
    """Open a connection; nothing is sent before it is used."""
    settings: Settings = opening.settings
    if not opening.base_url:
        raise ConfigurationError("A ServiceNow connection needs its base_url: https://<instance>.service-now.com.")
    http_settings = HttpSettings(
        allowed_origins=tuple(filter(None, (opening.base_url, settings.token_url))),
        read_timeout_s=settings.read_timeout_s,
        max_in_flight=settings.max_in_flight,
        ca_file=opening.ports.ca_file,
        proxy=opening.ports.proxy,
    )
    async with Http(http_settings) as http:
        per_minute = max(1, settings.requests_per_hour // 60) if settings.requests_per_hour else None
        shared = opening.ports.permits(per_minute) if opening.ports.permits and per_minute else None
        budget = RateBudget(per_minute, shared)
        session = Session(http, auth_of(opening, http), budget, before_send=opening.ports.before_write)
        yield ServiceNow(session, opening.base_url, settings, opening.credentials.get("username", ""))


def _guide(settings: Settings) -> Guide:
    """Roles and plugins by table, under the tables' names here."""
    roles: dict[str, tuple[str, ...]] = {}
    plugins: dict[str, str] = {}
    for mappings in MAPPINGS.values():
        for mapping in mappings.values():
            for table in filter(None, (mapping.header, mapping.lines)):
                for name in filter(None, (table.name, table.staging)):
                    known = table.roles if name == (table.staging or table.name) else S2P_READ_ROLES
                    roles[settings.table(name)] = settings.roles.get(name, known)
                    plugins[settings.table(name)] = table.plugin if name == (table.staging or table.name) else ""
    return Guide(roles, plugins)
