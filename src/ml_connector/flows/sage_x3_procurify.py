"""Sage X3 into Procurify, daily: cost centers become departments, orders go as requisitions."""

from ml_connector.records import Entity
from ml_connector.sync.flow import Pair, PairRoute

PAIR = Pair(
    source="sage_x3",
    target="procurify",
    routes=(
        PairRoute(Entity.COST_CENTERS, schedule="0 3 * * *"),
        PairRoute(Entity.GL_ACCOUNTS, schedule="0 3 * * *", needs_all_of=(Entity.COST_CENTERS,)),
        PairRoute(Entity.SUPPLIERS, schedule="0 4 * * *"),
        PairRoute(Entity.PURCHASE_ORDERS, schedule="0 4 * * *"),
        PairRoute(Entity.INVOICES, schedule="0 4 * * *"),
    ),
)
