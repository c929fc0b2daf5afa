"""IFS Cloud into ServiceNow: one way; dimensions and suppliers first, so that documents land on valid coding."""

from ml_connector.records import Entity
from ml_connector.sync.flow import Pair, PairRoute

PAIR = Pair(
    source="ifs_cloud",
    target="servicenow",
    routes=(
        PairRoute(Entity.GL_ACCOUNTS, schedule="0 3 * * *"),
        PairRoute(Entity.COST_CENTERS, schedule="0 3 * * *"),
        PairRoute(Entity.SUPPLIERS),
        PairRoute(Entity.PURCHASE_ORDERS),
        PairRoute(Entity.INVOICES),
    ),
)
