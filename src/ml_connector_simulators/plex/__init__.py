"""A simulated Plex, as its fact sheet describes it: REST in two sign-in modes, two plants, and the traps."""

from .simulator import PlexSimulator
from .switches import PlexSwitches

__all__ = ["PlexSimulator", "PlexSwitches"]
