"""An open connection to one company of a SYSPRO installation, and what was learnt about it in this run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import msgspec

from ml_connector.errors import ConfigurationError, MLConnectorError
from ml_connector.protocols.auth import BasicAuth
from ml_connector.protocols.http import Http, HttpSettings, Request, Response
from ml_connector.protocols.rate_limit import RateBudget
from ml_connector.protocols.session import Session
from ml_connector.records import Entity
from ml_connector.systems.base import Finding, Need, Opening, Stream, Target
from ml_connector.systems.syspro.answers import STATUS, Patience
from ml_connector.systems.syspro.check import check
from ml_connector.systems.syspro.conditions import Is, every
from ml_connector.systems.syspro.enet import EnetClient
from ml_connector.systems.syspro.enet_reading import EnetTransport
from ml_connector.systems.syspro.odata import ODataTransport
from ml_connector.systems.syspro.reading import Reader
from ml_connector.systems.syspro.settings import Basic, SysproSettings
from ml_connector.systems.syspro.streams import STREAMS, SysproStream
from ml_connector.systems.syspro.tables import ACCOUNT, INVOICE, Table

ADMINISTRATOR = "SYSPRO administrator"


@dataclass
class Syspro:
    """The `System` of this connector."""

    settings: SysproSettings
    session: Session = field(repr=False)
    reader: Reader = field(repr=False)
    odata: ODataTransport = field(repr=False)
    enet: EnetClient | None = field(default=None, repr=False)
    """None: no operator of e.net was given."""
    server_date: datetime | None = None
    """The newest `Date` of the server."""
    _currency: str | None = None
    _gl_company: str | None = None
    _learning: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    @property
    def requests(self) -> int:
        return self.session.counts.requests + (self.enet.requests if self.enet else 0)

    def stream(self, entity: Entity) -> Stream:
        if entity not in STREAMS:
            raise ConfigurationError(f"SYSPRO is not read for {entity.value}.")
        return SysproStream(self, STREAMS[entity])

    def target(self, entity: Entity) -> Target:
        raise ConfigurationError(
            "SYSPRO is read only: nothing is written back yet.", fix="Turn the route's direction round."
        )

    async def check(self, needs: Sequence[Need]) -> list[Finding]:
        return await check(self, needs)

    # What is learnt once ---------------------------------------------------------------------------------------

    async def server_now(self) -> datetime | None:
        """The server's clock; None when it does not tell."""
        await self.reader.learn()
        if self.server_date is None:
            await self.reader.top(ACCOUNT, ())
        return self.server_date

    def note_exchange(self, request: Request, outcome: Response | MLConnectorError, elapsed_s: float) -> None:
        """Keep the server's clock in view."""
        if isinstance(outcome, Response) and outcome.server_date is not None:
            self.server_date = outcome.server_date

    async def local_currency(self, *, needed: bool) -> str:
        """The company's currency; "" where nobody knows it and it is not `needed`."""
        async with self._learning:
            if self._currency is None:
                self._currency = self.settings.local_currency or await self._find_currency()
        if needed and not self._currency:
            raise ConfigurationError(
                f"The local currency of company {self.settings.company_id} could not be found: postings name none.",
                fix="Put it into `local_currency`.",
            )
        return self._currency

    async def _find_currency(self) -> str:
        """Invoices at a rate of 1 are in it, if they agree; else e.net is asked."""
        at_par = Is("ConvRate", "eq", Decimal(1))
        rows = await self.reader.top(INVOICE, ("Currency",), at_par)
        found = rows[0].text("Currency").strip() if rows else ""
        if found and not await self.reader.top(INVOICE, ("Currency",), every(at_par, Is("Currency", "ne", found))):
            return found
        if self.enet is None:
            return ""
        profile = await self.enet.profile()
        return profile.get("localcurrencycode", "").strip()

    async def gl_company(self) -> str:
        """What the ledger calls this company (FACTS 26)."""
        async with self._learning:
            if self._gl_company is None:
                self._gl_company = self.settings.gl_company or await self._find_gl_company()
        return self._gl_company

    async def _find_gl_company(self) -> str:
        ours = self.settings.company_id
        if await self.reader.top(ACCOUNT, (), Is("Company", "eq", ours)):
            return ours
        rows = await self.reader.top(ACCOUNT, ())
        if not rows:
            return ours
        found = rows[0].text("Company")
        if await self.reader.top(ACCOUNT, (), Is("Company", "gt", found)):
            raise ConfigurationError(
                f"The ledger that company {ours} shows holds accounts of several companies, none of them {ours}.",
                fix="Put into `gl_company` what the column Company of GenMaster says for this company.",
            )
        return found

    async def believe_empty(self, table: Table) -> None:
        """Nothing at all may mean that nothing is shown to us. Raises ConfigurationError unless others are there."""
        if await self.reader.top(table, ()) or (table is not ACCOUNT and await self.reader.top(ACCOUNT, ())):
            return
        raise ConfigurationError(
            f"Company {self.settings.company_id} shows neither {table.name} nor GL accounts: "
            "a company without any is no company that is in use.",
            fix="Check company_id, and that the OData operator's SQL user may read the company's database.",
            who=ADMINISTRATOR,
        )


# Opening -----------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def open_connection(opening: Opening) -> AsyncIterator[Syspro]:
    """The connection as configured; nothing is sent before it is used."""
    settings: SysproSettings = opening.settings
    credentials = msgspec.convert(dict(opening.credentials), Basic)
    base_url = opening.base_url.rstrip("/")
    if settings.read_transport == "enet" and not credentials.operator:
        raise ConfigurationError(
            "Reading through e.net needs an operator.", fix="Give `operator` and `operator_password`."
        )
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(Http(_http(opening, settings, base_url)))
        auth = BasicAuth(credentials.username, credentials.password)
        session = Session(http, auth, RateBudget(), Patience(), STATUS, before_send=opening.ports.before_write)
        odata = ODataTransport(session, base_url, settings)
        enet = None
        if settings.enet_url and credentials.operator:
            enet_http = await stack.enter_async_context(Http(_http(opening, settings, settings.enet_url)))
            enet = await stack.enter_async_context(EnetClient(enet_http, settings, credentials, opening.ports))
        transport = EnetTransport(enet) if settings.read_transport == "enet" and enet is not None else odata
        system = Syspro(settings, session, Reader(transport, settings), odata, enet)
        session.on_exchange = system.note_exchange
        if enet is not None and settings.read_transport == "enet":
            enet.session.on_exchange = system.note_exchange
        yield system


def _http(opening: Opening, settings: SysproSettings, url: str) -> HttpSettings:
    return HttpSettings(
        allowed_origins=(url,),
        max_in_flight=settings.max_in_flight,
        read_timeout_s=settings.read_timeout_s,
        ca_file=opening.ports.ca_file,
        proxy=opening.ports.proxy,
    )
