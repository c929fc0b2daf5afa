"""SYSPRO into ServiceNow: documents hourly, reference data daily; journals for reconciliation."""

from ml_connector.records import Entity
from ml_connector.sync.flow import Pair, PairRoute

PAIR = Pair(
    source="syspro",
    target="servicenow",
    routes=(
        PairRoute(Entity.GL_ACCOUNTS, schedule="0 3 * * *"),
        PairRoute(Entity.COST_CENTERS, schedule="0 3 * * *"),
        PairRoute(Entity.SUPPLIERS),
        PairRoute(Entity.PURCHASE_ORDERS),
        PairRoute(Entity.INVOICES),
        PairRoute(Entity.GL_POSTINGS, schedule="0 3 * * *", optional=True),
    ),
)
