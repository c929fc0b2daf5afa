"""The pairs that ml-connector offers: a file each, data only."""

from __future__ import annotations

from ml_connector.flows import ifs_cloud_servicenow
from ml_connector.sync.flow import Pair

PAIRS: dict[tuple[str, str], Pair] = {(pair.source, pair.target): pair for pair in (ifs_cloud_servicenow.PAIR,)}
"""By source and target system."""
