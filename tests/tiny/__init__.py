"""A seventh system, as small as one can be: the skeleton of docs/adding-a-system.md, and what sync is tested with."""

from tiny.connector import CONNECTOR
from tiny.world import World

__all__ = ["CONNECTOR", "World"]
