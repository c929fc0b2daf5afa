"""Sage X3: suppliers, purchase orders, supplier invoices, accounts, cost centers and postings, read through api1."""

from __future__ import annotations

from ml_connector.systems.base import Connector
from ml_connector.systems.sage_x3.connection import open_connection
from ml_connector.systems.sage_x3.settings import CREDENTIALS, SageX3Settings
from ml_connector.systems.sage_x3.streams import STREAMS

CONNECTOR = Connector(
    system="sage_x3",
    title="Sage X3",
    settings=SageX3Settings,
    credentials=CREDENTIALS,
    reads=frozenset(STREAMS),
    writes=frozenset(),
    open=open_connection,
    default_url="https://<server>:8124",
)
