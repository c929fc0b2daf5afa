"""The pairs that ml-connector offers: a file each, data only."""

from __future__ import annotations

from ml_connector.flows import (
    ifs_cloud_procurify,
    ifs_cloud_servicenow,
    plex_procurify,
    plex_servicenow,
    sage_x3_procurify,
    sage_x3_servicenow,
    syspro_procurify,
    syspro_servicenow,
)
from ml_connector.sync.flow import Pair

PROMISED = (
    plex_servicenow.PAIR,
    plex_procurify.PAIR,
    syspro_servicenow.PAIR,
    sage_x3_servicenow.PAIR,
    ifs_cloud_servicenow.PAIR,
)
"""Those that the product pages describe; the demo runs them."""

PAIRS: dict[tuple[str, str], Pair] = {
    (pair.source, pair.target): pair
    for pair in (*PROMISED, syspro_procurify.PAIR, sage_x3_procurify.PAIR, ifs_cloud_procurify.PAIR)
}
"""By source and target system."""
