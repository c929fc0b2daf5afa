"""ServiceNow Source-to-Pay as a target: suppliers, purchase orders, invoices and the dimensions they are coded with."""

from __future__ import annotations

from ml_connector.systems.base import Connector
from ml_connector.systems.servicenow.connection import open_connection
from ml_connector.systems.servicenow.mapping import PAGES
from ml_connector.systems.servicenow.settings import CREDENTIALS, Settings

CONNECTOR = Connector(
    system="servicenow",
    title="ServiceNow",
    settings=Settings,
    credentials=CREDENTIALS,
    reads=frozenset(),
    writes=frozenset(PAGES),
    open=open_connection,
    default_url="https://{instance}.service-now.com",
)
