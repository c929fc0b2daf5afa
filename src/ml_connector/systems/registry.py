"""The connectors by system name; imported only when one is asked for."""

from __future__ import annotations

from importlib import import_module

from ml_connector.errors import ConfigurationError
from ml_connector.systems.base import Connector

MODULES = {
    "plex": "ml_connector.systems.plex",
    "syspro": "ml_connector.systems.syspro",
    "sage_x3": "ml_connector.systems.sage_x3",
    "ifs_cloud": "ml_connector.systems.ifs_cloud",
    "procurify": "ml_connector.systems.procurify",
    "servicenow": "ml_connector.systems.servicenow",
}


def connector(system: str) -> Connector:
    """The connector of `system`; ConfigurationError when there is none."""
    if system not in MODULES:
        raise ConfigurationError(f"There is no system {system!r}.", fix=f"Known systems: {', '.join(sorted(MODULES))}.")
    found: Connector = import_module(MODULES[system]).CONNECTOR
    return found
