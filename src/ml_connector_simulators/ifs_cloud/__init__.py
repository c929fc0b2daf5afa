"""A simulated IFS Cloud, as its fact sheet describes it: projections over OData v4, with the traps."""

from .simulator import IfsCloudSimulator
from .switches import IfsSwitches

__all__ = ["IfsCloudSimulator", "IfsSwitches"]
