"""An open connection to one PCN."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from weakref import WeakValueDictionary

import msgspec

from ml_connector.errors import ConfigurationError
from ml_connector.protocols.auth import Auth
from ml_connector.protocols.http import Http, HttpSettings
from ml_connector.protocols.rate_limit import shared_budget
from ml_connector.protocols.session import Session
from ml_connector.records import Entity
from ml_connector.systems.base import Finding, Need, Opening, Stream, Target
from ml_connector.systems.plex.api import STATUS, PlexApi, PlexRetry, digest
from ml_connector.systems.plex.auth import ClientCredentials, ConnectKeyAuth
from ml_connector.systems.plex.check import check
from ml_connector.systems.plex.knowledge import Knowledge
from ml_connector.systems.plex.lists import LISTED, ListStream
from ml_connector.systems.plex.settings import ConnectKey, OAuth2, PlexSettings, api_base, token_url
from ml_connector.systems.plex.streams import STREAMS, TimedStream

READS = frozenset({*STREAMS, *LISTED})

_slots: WeakValueDictionary[tuple[int, str, str, int], asyncio.Semaphore] = WeakValueDictionary()
"""Calls at a time per PCN, whatever connections and flows make them (FACTS 40)."""


@dataclass
class Plex:
    """The `System` of this connector."""

    api: PlexApi
    knowledge: Knowledge
    auth_mode: str

    @property
    def requests(self) -> int:
        return self.api.session.counts.requests

    def stream(self, entity: Entity) -> Stream:
        if entity in STREAMS:
            return TimedStream(self, STREAMS[entity])
        if entity in LISTED:
            return ListStream(self, entity)
        raise ConfigurationError(f"Plex is not read for {entity.value}.", fix="Take the route out.")

    def target(self, entity: Entity) -> Target:
        raise ConfigurationError(
            "Plex is read only here: nothing is written back.", fix="Turn the route's direction round."
        )

    async def check(self, needs: Sequence[Need]) -> list[Finding]:
        return await check(self, needs)


def _shared_slots(base_url: str, settings: PlexSettings) -> asyncio.Semaphore:
    key = (id(asyncio.get_running_loop()), base_url, settings.pcn, settings.max_in_flight)
    slots = _slots.get(key)
    if slots is None:
        slots = _slots[key] = asyncio.Semaphore(settings.max_in_flight)
    return slots


def _auth(
    http: Http, settings: PlexSettings, mode: str, tokens: str, credentials: Mapping[str, str]
) -> tuple[Auth, str]:
    """How calls are signed, and what tells the credential from others."""
    if mode == "connect_key":
        key = msgspec.convert(dict(credentials), ConnectKey)
        return ConnectKeyAuth(key.api_key, key.api_secret), digest(key.api_key.encode())
    client = msgspec.convert(dict(credentials), OAuth2)
    auth = ClientCredentials(
        http,
        tokens,
        discover=settings.discover_token_url,
        client_id=client.client_id,
        client_secret=client.client_secret,
        scope=settings.scope,
        client_in_basic=settings.client_auth == "basic",
    )
    return auth, client.client_id


@asynccontextmanager
async def open_connection(opening: Opening) -> AsyncIterator[Plex]:
    """The connection as configured; nothing is sent before it is used."""
    settings: PlexSettings = opening.settings
    if not settings.pcn.strip():
        raise ConfigurationError(
            "A connection to Plex needs its PCN: without one Plex answers with the data of another plant.",
            fix="Give the Plex Customer Number in `pcn`.",
        )
    base_url = api_base(settings, opening.base_url)
    tokens = token_url(settings, opening.base_url)
    oauth = opening.auth_mode != "connect_key"
    http_settings = HttpSettings(
        allowed_origins=(base_url, tokens) if oauth else (base_url,),
        max_in_flight=settings.max_in_flight,
        read_timeout_s=settings.read_timeout_s,
        max_body_bytes=settings.max_bytes,
        ca_file=opening.ports.ca_file,
        proxy=opening.ports.proxy,
    )
    async with Http(http_settings) as http:
        http.slots = _shared_slots(base_url, settings)
        # one credential for all PCNs: the limit may count them together (FACTS 40)
        auth, credential = _auth(http, settings, opening.auth_mode, tokens, opening.credentials)
        session = Session(
            http,
            auth,
            shared_budget(opening.base_url, credential, settings.max_calls_per_minute, opening.ports.permits),
            PlexRetry(),
            STATUS,
            before_send=opening.ports.before_write,
        )
        api = PlexApi(session, base_url, settings)
        session.on_exchange = api.note_exchange
        yield Plex(api, Knowledge(api), opening.auth_mode)
