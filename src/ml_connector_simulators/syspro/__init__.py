"""A simulated SYSPRO 8, as its fact sheet describes it: an OData service and e.net REST on one port, with the traps."""

from .simulator import SysproSimulator
from .switches import SysproSwitches

__all__ = ["SysproSimulator", "SysproSwitches"]
