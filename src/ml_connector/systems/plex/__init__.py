"""Plex: suppliers, purchase orders with releases, AP invoices, payments and dimensions, read through the REST API."""

from __future__ import annotations

from ml_connector.systems.base import Connector
from ml_connector.systems.plex.connection import READS, open_connection
from ml_connector.systems.plex.settings import ConnectKey, OAuth2, PlexSettings

CONNECTOR = Connector(
    system="plex",
    title="Plex",
    settings=PlexSettings,
    credentials={"oauth2": OAuth2, "connect_key": ConnectKey},
    reads=READS,
    writes=frozenset(),
    open=open_connection,
    default_url="https://cloud.plex.com",
)
