"""A simulated Sage X3 folder: the REST surface api1 with its token endpoint, and the traps of the fact sheet.

Where to look: switches.py what can be set differently, tokens.py and access.py who may sign in and how, schema.py the
classes, story_rows.py what the folder holds.
"""

from .simulator import SageX3Simulator
from .switches import Diagnosis, SageSwitches

__all__ = ["Diagnosis", "SageSwitches", "SageX3Simulator"]
