"""An open connection: one HTTP client, one sign-in, one request at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from ml_connector.errors import ConfigurationError, MLConnectorError
from ml_connector.protocols.http import Http, HttpSettings, Request, Response
from ml_connector.protocols.session import OnExchange, Session
from ml_connector.records import Entity
from ml_connector.systems.base import Finding, Memory, Need, Opening, Stream, System, Target
from ml_connector.systems.procurify.account_codes import AccountCodes
from ml_connector.systems.procurify.answers import STATUS
from ml_connector.systems.procurify.api import LONGEST_PAUSE_S, TRIES, Api, PoliteRetry
from ml_connector.systems.procurify.bills import Bills
from ml_connector.systems.procurify.breaker import Breaker
from ml_connector.systems.procurify.check import Doctor
from ml_connector.systems.procurify.departments import Departments
from ml_connector.systems.procurify.drops import Drops
from ml_connector.systems.procurify.locations import Locations
from ml_connector.systems.procurify.requisitions import Requisitions
from ml_connector.systems.procurify.settings import Settings
from ml_connector.systems.procurify.signin import SignIn, sign_in_of
from ml_connector.systems.procurify.streams import READS, stream_of
from ml_connector.systems.procurify.surroundings import Surroundings
from ml_connector.systems.procurify.target import ProcurifyTarget
from ml_connector.systems.procurify.vendors import Vendors

TARGETS: dict[Entity, type[ProcurifyTarget]] = {
    Entity.GL_ACCOUNTS: AccountCodes,
    Entity.COST_CENTERS: Departments,
    Entity.DEPARTMENTS: Departments,
    Entity.LOCATIONS: Locations,
    Entity.SUPPLIERS: Vendors,
    Entity.PURCHASE_ORDERS: Requisitions,
    Entity.INVOICES: Bills,
}


class Procurify:
    """The `System` of this connector."""

    def __init__(
        self, session: Session, api: Api, settings: Settings, counts: Memory | None, domain: Callable[[], str]
    ) -> None:
        self._session = session
        self._domain = domain
        self._targets: dict[Entity, ProcurifyTarget] = {}
        self.api = api
        self.settings = settings
        self.surroundings = Surroundings(api, settings)
        self._drops = Drops(api, counts, settings.smallest_share)

    @property
    def requests(self) -> int:
        return self._session.counts.requests

    def stream(self, entity: Entity) -> Stream:
        if entity not in READS:
            raise ConfigurationError(f"Procurify is not read for {entity.value}.", fix="Take the route out.")
        return stream_of(entity, self.api, self._domain, self._drops)

    def target(self, entity: Entity) -> Target:
        """The target of an entity; the same one each time."""
        if entity not in TARGETS:
            raise ConfigurationError(f"Procurify takes no {entity.value}.")
        if entity not in self._targets:
            self._targets[entity] = TARGETS[entity](entity, self.api, self.settings, self.surroundings, self._drops)
        return self._targets[entity]

    async def check(self, needs: Sequence[Need]) -> list[Finding]:
        """What will work and what will not, and who can change it."""
        return await Doctor(self.api, self.settings, self.surroundings).examine(needs)


@asynccontextmanager
async def open_connection(opening: Opening) -> AsyncIterator[System]:
    """Open a connection; nothing is sent before it is used."""
    settings: Settings = opening.settings
    ports = opening.ports
    if not opening.base_url:
        raise ConfigurationError("A Procurify connection needs its base_url: https://<domain>.procurify.com.")
    http_settings = HttpSettings(
        allowed_origins=tuple(filter(None, (opening.base_url, settings.token_url))),
        read_timeout_s=settings.read_timeout_s,
        max_in_flight=1,
        ca_file=ports.ca_file,
        proxy=ports.proxy,
    )
    async with Http(http_settings) as http:
        sign_in = sign_in_of(opening, http)
        session = Session(
            http,
            sign_in,
            retry=PoliteRetry(tries=TRIES, base_s=2.0, cap_s=LONGEST_PAUSE_S),
            status=STATUS,
            before_send=ports.before_write,
            on_exchange=_accepting(sign_in),
        )
        memory = ports.memory("breaker") if ports.memory else None
        counts = ports.memory("counts") if ports.memory else None
        breaker = Breaker(memory, settings.breaker_timeouts, settings.breaker_minutes)
        api = Api(session, opening.base_url, settings, breaker, ports.locks)
        yield Procurify(session, api, settings, counts, lambda: domain_of(opening, sign_in))


def domain_of(opening: Opening, sign_in: SignIn) -> str:
    """The tenant that records are told apart by: as set, as the token says, or as the address says."""
    host = urlsplit(opening.base_url).hostname or ""
    return opening.settings.domain or sign_in.domain or host.removesuffix(".procurify.com")


def _accepting(sign_in: SignIn) -> OnExchange:
    """Notes that a token was good for something."""

    def note(request: Request, outcome: Response | MLConnectorError, elapsed_s: float) -> None:
        if isinstance(outcome, Response) and outcome.status != 401:
            sign_in.accepted = True

    return note
