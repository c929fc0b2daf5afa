"""A simulated ServiceNow instance: Table API, Batch, import sets and what surrounds them.

Written from the fact sheet alone. Where to look: switches.py what can be set differently, controls.py what a test
may turn while it runs, schema.py the tables, staging.py the staging tables and their column names.
"""

from .simulator import ServiceNowSimulator
from .switches import Switches, Trap

__all__ = ["ServiceNowSimulator", "Switches", "Trap"]
