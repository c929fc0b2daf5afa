"""What the tests of this folder share: a connection to a simulated folder."""

from __future__ import annotations

from functools import partial

from ml_connector.records import Entity
from systems import simulated

ALL = (
    Entity.GL_ACCOUNTS,
    Entity.COST_CENTERS,
    Entity.SUPPLIERS,
    Entity.PURCHASE_ORDERS,
    Entity.INVOICES,
    Entity.GL_POSTINGS,
)
opening = partial(simulated.opening, "x3")
connected = partial(simulated.connected, "x3")
