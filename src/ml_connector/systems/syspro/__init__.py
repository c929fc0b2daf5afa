"""SYSPRO 8: suppliers, orders, invoices, GL accounts, cost centers and postings, read through OData or e.net."""

from __future__ import annotations

from ml_connector.systems.base import Connector
from ml_connector.systems.syspro.connection import open_connection
from ml_connector.systems.syspro.settings import Basic, SysproSettings
from ml_connector.systems.syspro.streams import STREAMS

CONNECTOR = Connector(
    system="syspro",
    title="SYSPRO",
    settings=SysproSettings,
    credentials={"basic": Basic},
    reads=frozenset(STREAMS),
    writes=frozenset(),
    open=open_connection,
    default_url="https://<server>",
)
