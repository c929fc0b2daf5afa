"""Plex into Procurify, daily: orders go as requisitions, invoices are compared with the bills there."""

from ml_connector.records import Entity
from ml_connector.sync.flow import Pair, PairRoute

PAIR = Pair(
    source="plex",
    target="procurify",
    routes=(
        PairRoute(Entity.LOCATIONS, schedule="0 3 * * *"),
        PairRoute(Entity.DEPARTMENTS, schedule="0 3 * * *"),
        PairRoute(Entity.GL_ACCOUNTS, schedule="0 3 * * *", needs_all_of=(Entity.DEPARTMENTS,)),
        PairRoute(Entity.SUPPLIERS, schedule="0 4 * * *"),
        PairRoute(Entity.PURCHASE_ORDERS, schedule="0 4 * * *"),
        PairRoute(Entity.INVOICES, schedule="0 4 * * *"),
    ),
)
