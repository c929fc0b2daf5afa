"""A simulated Procurify domain: its REST API, the approval of requisitions, and what people had typed into it.

Written from the fact sheet alone. Where to look: switches.py what can be set differently, controls.py what a test may
turn while it runs, schema.py the tables, purchasing.py what people do with a requisition.
"""

from .simulator import ProcurifySimulator
from .switches import ProcurifySwitches

__all__ = ["ProcurifySimulator", "ProcurifySwitches"]
