"""Which simulators there are; each is imported only when it is asked for."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from .framework import Simulator

# system -> (module, class), in the order of their default ports
_SIMULATORS = {
    "plex": ("plex", "PlexSimulator"),
    "syspro": ("syspro", "SysproSimulator"),
    "sage_x3": ("sage_x3", "SageX3Simulator"),
    "ifs_cloud": ("ifs_cloud", "IfsCloudSimulator"),
    "procurify": ("procurify", "ProcurifySimulator"),
    "servicenow": ("servicenow", "ServiceNowSimulator"),
}


def systems() -> list[str]:
    """The systems that can be simulated here."""
    return [name for name, (module, _) in _SIMULATORS.items() if find_spec(f"{__package__}.{module}")]


def simulator_class(system: str) -> type[Simulator]:
    """The class that simulates `system`. Raises KeyError with the known names."""
    if system not in systems():
        raise KeyError(f"no simulator for {system!r}; there are: {', '.join(systems())}")
    module, name = _SIMULATORS[system]
    found: type[Simulator] = getattr(import_module(f"{__package__}.{module}"), name)
    return found
