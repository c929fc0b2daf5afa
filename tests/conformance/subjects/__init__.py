"""The systems under test: `<system>.py` for every connector, each with its `SUBJECT`. A new one adds a file here."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec

from conformance.subject import Subject
from ml_connector.systems.registry import MODULES


@cache
def subjects() -> dict[str, type[Subject]]:
    """By system; a connector without such a file is absent, which is a failing case of its own."""
    names = {system: f"{__name__}.{system}" for system in sorted(MODULES)}
    return {system: import_module(name).SUBJECT for system, name in names.items() if find_spec(name)}
