"""An open connection to one IFS Cloud tenant: the session, and what was learnt about the tenant in this run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from ml_connector.errors import (
    ConfigurationError,
    MLConnectorError,
    ModuleMissingError,
    PermissionMissingError,
)
from ml_connector.protocols.http import Http, HttpSettings, Request, Response
from ml_connector.protocols.oauth2 import OAuth2ClientCredentials
from ml_connector.protocols.odata import explain
from ml_connector.protocols.rate_limit import shared_budget
from ml_connector.protocols.session import Session
from ml_connector.protocols.status import StatusTable
from ml_connector.records import Entity
from ml_connector.systems.base import Finding, Need, Opening, Stream, Target
from ml_connector.systems.ifs_cloud.check import check
from ml_connector.systems.ifs_cloud.reading import Reader
from ml_connector.systems.ifs_cloud.schema import ACCOUNTING_CODE_PARTS, COLLECTIONS, COMPANIES
from ml_connector.systems.ifs_cloud.sets import EntitySet, ServerClock
from ml_connector.systems.ifs_cloud.settings import ClientCredentials, IfsCloudSettings, token_url
from ml_connector.systems.ifs_cloud.streams import STREAMS, IfsStream

ADMINISTRATOR = "IFS administrator"
SCOPE = "openid microprofile-jwt"

_ROW = msgspec.json.Decoder(dict[str, object])


@dataclass
class IfsCloud:
    """The `System` of this connector."""

    settings: IfsCloudSettings
    session: Session = field(repr=False)
    reader: Reader
    server_date: datetime | None = None
    """The newest `Date` of the server."""
    _metadata: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict, repr=False)
    _service_documents: dict[str, frozenset[str]] = field(default_factory=dict, repr=False)
    _cost_center_parts: dict[str, str] | None = None
    _visible: frozenset[str] | None = None
    _learning: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    @property
    def requests(self) -> int:
        return self.session.counts.requests

    @property
    def clock(self) -> ServerClock:
        return self.reader.clock

    def stream(self, entity: Entity) -> Stream:
        if entity not in STREAMS:
            raise ConfigurationError(f"IFS Cloud is not read for {entity.value}.")
        return IfsStream(self, STREAMS[entity])

    def target(self, entity: Entity) -> Target:
        raise ConfigurationError(
            "IFS Cloud is read only: postings are not written back.", fix="Turn the route's direction round."
        )

    async def check(self, needs: Sequence[Need]) -> list[Finding]:
        return await check(self, needs)

    def entity_set(self, collection_name: str, part: str = "", companies: tuple[str, ...] = ()) -> EntitySet:
        """A collection as it is called on this installation."""
        return EntitySet(COLLECTIONS[collection_name], self.settings, part, companies)

    # What is learnt once ---------------------------------------------------------------------------------------

    async def server_now(self) -> datetime | None:
        """The server's clock, asked for only when no answer has told it yet."""
        if self.server_date is None:
            with suppress(PermissionMissingError, ModuleMissingError):  # a refusal carries the server's date, too
                await self.visible_companies()
        return self.server_date

    async def visible_companies(self) -> frozenset[str]:
        """Those of the configured companies that the service user may see."""
        async with self._learning:
            if self._visible is None:
                self._visible = await self._read_companies()
        return self._visible

    async def _read_companies(self) -> frozenset[str]:
        wanted, found = set(self.settings.companies), set[str]()
        async with aclosing(self.reader.in_server_order(EntitySet(COMPANIES, self.settings))) as pages:
            async for page in pages:
                found |= wanted & {row.company for row in page.rows}
                if found == wanted:
                    break
        return frozenset(found)

    async def cost_center_parts(self) -> dict[str, str]:
        """The code part B..J that each company keeps its cost centers in (FACTS 28)."""
        async with self._learning:
            if self._cost_center_parts is None:
                self._cost_center_parts = await self._read_code_parts()
        return self._cost_center_parts

    async def _read_code_parts(self) -> dict[str, str]:
        code_parts = EntitySet(ACCOUNTING_CODE_PARTS, self.settings)
        logical = code_parts.property("LogicalCodePart")
        found: dict[str, str] = {}
        with suppress(ModuleMissingError):
            async with aclosing(self.reader.in_server_order(code_parts)) as pages:
                async for page in pages:
                    for row in page.rows:
                        if _is_cost_center(_ROW.decode(row.raw).get(logical)):
                            found[row.company] = str(row.key[1])
                    if set(self.settings.companies) <= set(found):
                        break
        return dict.fromkeys(self.settings.companies, self.settings.cost_center_code_part) | found

    async def properties(self, entity_set: EntitySet) -> Mapping[str, str]:
        """Property -> type of a set, from the metadata of its service; empty when the set is not in it."""
        async with self._learning:
            if entity_set.root not in self._metadata:
                self._metadata[entity_set.root] = await self.reader.client(entity_set.root).metadata()
        return self._metadata[entity_set.root].get(entity_set.entity_set, {})

    async def lists(self, entity_set: EntitySet) -> bool:
        """Whether the service document names the set."""
        async with self._learning:
            if entity_set.root not in self._service_documents:
                found = await self.reader.client(entity_set.root).service_document()
                self._service_documents[entity_set.root] = found
        return entity_set.entity_set in self._service_documents[entity_set.root]

    def known_kind(self, entity_set: EntitySet, name: str) -> str:
        """Type of a property as far as the metadata was read already; "" otherwise."""
        return self._metadata.get(entity_set.root, {}).get(entity_set.entity_set, {}).get(name, "")

    def note_exchange(self, request: Request, outcome: Response | MLConnectorError, elapsed_s: float) -> None:
        """Keep the server's clock in view."""
        if isinstance(outcome, Response) and outcome.server_date is not None:
            self.server_date = outcome.server_date


def _is_cost_center(value: object) -> bool:
    """The enumeration member, however it is written: CostCenter, COST_CENTER, Cost Center."""
    return "".join(filter(str.isalnum, str(value or ""))).lower() == "costcenter"


# Errors in the words of an IFS administrator -----------------------------------------------------------------------


def _service_of(request: Request) -> tuple[str, bool]:
    """Projection or entity service of a request, and whether it is an entity service."""
    path = request.url.partition("?")[0]
    service = path.partition(".svc")[0].rpartition("/")[2]
    return service, "/entity/v1/" in path


def _forbidden(response: Response, request: Request) -> MLConnectorError:
    service, is_entity = _service_of(request)
    kind = "entity service" if is_entity else "projection"
    return PermissionMissingError(
        f"{request.name}: the service user has no grant for {kind} {service} (403). {explain(response)}".strip(),
        fix=f"Grant {kind} {service} Read Only in a permission set of the service user (page Permission Sets, command "
        "Manage Projection Grants).",
        who=ADMINISTRATOR,
        status=403,
        request_id=response.request_id,
        service=service,
    )


def _not_found(response: Response, request: Request) -> MLConnectorError:
    service, is_entity = _service_of(request)
    if is_entity:
        message, fix = (
            f"{request.name}: entity service {service} is not active (404).",
            f"Activate {service} among the entity services and grant it Read Only; or set po_line_source to main.",
        )
    else:
        message, fix = (
            f"{request.name}: there is no such set in projection {service} (404).",
            "Compare the name with the API Explorer of this release and put the right one into `projections`.",
        )
    return ModuleMissingError(
        message, fix=fix, who=ADMINISTRATOR, status=404, request_id=response.request_id, service=service
    )


STATUS = StatusTable({403: _forbidden, 404: _not_found}, explain)


# Opening -----------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def open_connection(opening: Opening) -> AsyncIterator[IfsCloud]:
    """The connection as configured; nothing is sent before it is used."""
    settings: IfsCloudSettings = opening.settings
    credentials = msgspec.convert(dict(opening.credentials), ClientCredentials)
    base_url = opening.base_url.rstrip("/")
    tokens = token_url(settings, base_url)
    ports = opening.ports
    http_settings = HttpSettings(
        allowed_origins=(base_url, tokens),
        max_in_flight=settings.max_in_flight,
        read_timeout_s=settings.read_timeout_s,
        ca_file=ports.ca_file,
        proxy=ports.proxy,
    )
    async with Http(http_settings) as http:
        auth = OAuth2ClientCredentials(
            http,
            tokens,
            credentials.client_id,
            credentials.client_secret,
            SCOPE,
            fallback_ttl_s=settings.token_fallback_ttl,
            client_in_basic=settings.token_client_in_basic,
        )
        session = Session(
            http,
            auth,
            shared_budget(base_url, credentials.client_id, settings.requests_per_minute, ports.permits),
            status=STATUS,
            before_send=ports.before_write,
        )
        clock = ServerClock(settings.server_time_zone)
        reader = Reader(session, base_url, settings.companies, settings.page_size, clock)
        system = IfsCloud(settings, session, reader)
        session.on_exchange = system.note_exchange
        yield system
