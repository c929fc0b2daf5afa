"""Procurify, written: vendors, requisitions, account codes, departments and locations, bills compared; and read."""

from __future__ import annotations

from ml_connector.systems.base import Connector
from ml_connector.systems.procurify.connection import TARGETS, open_connection
from ml_connector.systems.procurify.settings import CREDENTIALS, Settings
from ml_connector.systems.procurify.streams import READS

CONNECTOR = Connector(
    system="procurify",
    title="Procurify",
    settings=Settings,
    credentials=CREDENTIALS,
    reads=READS,
    writes=frozenset(TARGETS),
    open=open_connection,
    default_url="https://{domain}.procurify.com",
)
