"""IFS Cloud: suppliers, purchase orders, supplier invoices, GL accounts and cost centers, read through OData v4."""

from __future__ import annotations

from ml_connector.systems.base import Connector
from ml_connector.systems.ifs_cloud.connection import open_connection
from ml_connector.systems.ifs_cloud.settings import ClientCredentials, IfsCloudSettings
from ml_connector.systems.ifs_cloud.streams import STREAMS

CONNECTOR = Connector(
    system="ifs_cloud",
    title="IFS Cloud",
    settings=IfsCloudSettings,
    credentials={"oauth2_client_credentials": ClientCredentials},
    reads=frozenset(STREAMS),
    writes=frozenset(),
    open=open_connection,
    default_url="https://<tenant>.ifs.cloud",
)
