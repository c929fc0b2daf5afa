"""An open connection to one folder: the session, and what was learnt about its classes in this run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from ml_connector.errors import ConfigurationError, MLConnectorError
from ml_connector.protocols.http import Http, HttpSettings, Request, Response
from ml_connector.protocols.rate_limit import shared_budget
from ml_connector.protocols.session import Session
from ml_connector.records import Entity
from ml_connector.systems.base import Finding, Need, Opening, Stream, Target
from ml_connector.systems.sage_x3.answers import STATUS, is_no_class, is_rejected
from ml_connector.systems.sage_x3.api1 import ROW, Api1, X3Retry
from ml_connector.systems.sage_x3.check import check
from ml_connector.systems.sage_x3.classes import CLASSES
from ml_connector.systems.sage_x3.settings import SageX3Settings, base_address
from ml_connector.systems.sage_x3.signin import sign_in, token_url
from ml_connector.systems.sage_x3.streams import STREAMS, X3Stream


@dataclass(frozen=True, slots=True)
class Facet:
    """What the rows of a class's `$query` carry."""

    properties: Mapping[str, str]
    """Name -> type; a name that is not here must not stand in `where` or `orderBy` (FACTS 14)."""
    change: str
    """Property by which changes are found; "" when there is none."""
    by_day: bool
    """It holds a day instead of a moment."""


@dataclass
class SageX3:
    """The `System` of this connector."""

    settings: SageX3Settings
    session: Session = field(repr=False)
    api: Api1 = field(repr=False)
    server_date: datetime | None = None
    """The newest `Date` of the server."""
    _facets: dict[str, Facet] = field(default_factory=dict, repr=False)
    _details: dict[str, Mapping[str, str] | None] = field(default_factory=dict, repr=False)
    _exposed: dict[str, bool] = field(default_factory=dict, repr=False)
    _learning: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    @property
    def requests(self) -> int:
        return self.session.counts.requests

    def stream(self, entity: Entity) -> Stream:
        if entity not in STREAMS:
            raise ConfigurationError(f"Sage X3 is not read for {entity.value}.")
        return X3Stream(self, STREAMS[entity])

    def target(self, entity: Entity) -> Target:
        raise ConfigurationError("Sage X3 is only read here.", fix="Turn the route's direction round.")

    async def check(self, needs: Sequence[Need]) -> list[Finding]:
        return await check(self, needs)

    # What is learnt once ---------------------------------------------------------------------------------------

    async def facet(self, collection: str) -> Facet:
        """The query facet of a class, as its prototype or one of its rows shows it."""
        async with self._learning:
            if collection not in self._facets:
                self._facets[collection] = await self._learn(collection)
        return self._facets[collection]

    async def _learn(self, collection: str) -> Facet:
        properties = await self.api.prototype(collection, "$query")
        if not properties:
            page = await self.api.page(collection, self.api.first_page(collection, count=1))
            properties = dict.fromkeys(ROW.decode(page.rows[0]), "") if page.rows else {}
        wanted = self.settings.change_fields.get(collection)
        names = (wanted,) if wanted else ("UPDDATTIM", "UPDDAT")
        change = next((name for name in names if name in properties), "")
        kind = properties.get(change, "").lower()
        return Facet(properties, change, change == "UPDDAT" or ("date" in kind and "time" not in kind))

    async def details_properties(self, collection: str) -> Mapping[str, str] | None:
        """The properties of the `$details` facet; None where X3 does not say."""
        async with self._learning:
            if collection not in self._details:
                self._details[collection] = await self.api.prototype(collection, "$details")
        return self._details[collection]

    async def exposes(self, collection: str) -> bool:
        """Whether a class of lines can be asked for changes: it is there, we may read it, and it is stamped."""
        if not self.settings.line_classes:
            return False
        if collection not in self._exposed:
            try:
                facet = await self.facet(collection)
                known = facet.properties.keys()
                named = (self.settings.property_name(collection, each) for each in CLASSES[collection].parent)
                self._exposed[collection] = bool(facet.change) and all(each in known for each in named)
            except MLConnectorError as error:
                if not is_no_class(error):
                    raise
                self._exposed[collection] = False
        return self._exposed[collection]

    async def reads(self, collection: str) -> bool:
        """Whether X3 lets us read a class at all."""
        try:
            return bool((await self.facet(collection)).properties)
        except MLConnectorError as error:
            if not is_no_class(error):
                raise
            return False

    def known_change(self, collection: str) -> str:
        """The property that stamps a class, once its facet is known; "" otherwise."""
        facet = self._facets.get(collection)
        return facet.change if facet else ""

    async def server_now(self, collection: str) -> datetime | None:
        """The server's clock, asked for only when no answer has told it yet."""
        if self.server_date is None:
            await self.facet(collection)
        return self.server_date

    def note_exchange(self, request: Request, outcome: Response | MLConnectorError, elapsed_s: float) -> None:
        """Keep the server's clock in view."""
        if isinstance(outcome, Response) and outcome.server_date is not None:
            self.server_date = outcome.server_date


@asynccontextmanager
async def open_connection(opening: Opening) -> AsyncIterator[SageX3]:
    """The connection as configured; nothing is sent before it is used."""
    settings: SageX3Settings = opening.settings
    base_url = base_address(opening.base_url)
    http_settings = HttpSettings(
        allowed_origins=(base_url, token_url(settings, base_url)),
        max_in_flight=settings.max_in_flight,
        read_timeout_s=settings.read_timeout_s,
        ca_file=opening.ports.ca_file,
        proxy=opening.ports.proxy,
    )
    who = opening.credentials.get("client_id") or opening.credentials.get("username") or ""
    async with Http(http_settings) as http:
        session = Session(
            http,
            sign_in(opening, http, base_url),
            shared_budget(base_url, who, settings.requests_per_minute, opening.ports.permits),
            X3Retry(base_s=5.0, cap_s=120.0),
            STATUS,
            before_send=opening.ports.before_write,
            rejected=is_rejected,
        )
        system = SageX3(settings, session, Api1(session, base_url, settings))
        session.on_exchange = system.note_exchange
        yield system
