"""The scheduled jobs of Source-to-Pay (fact sheet section 6.2).

Invoices land in Draft; a job advances them every 30 minutes. Order lines that came before their order stay in
error until the job "Retrigger failed order line import set records" takes them up again.
"""

from __future__ import annotations

from datetime import timedelta

from . import import_sets, rules
from .instance import Instance

ORDER_LINES = "sn_fcms_intg_imp_order_line"


class Jobs:
    """Runs the jobs when the instance's clock says so."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.last_run = instance.now()

    def catch_up(self) -> None:
        """Runs the jobs if their interval has passed."""
        interval = timedelta(seconds=self.instance.switches.job_interval_s)
        if self.instance.now() - self.last_run >= interval:
            self.run()

    def run(self) -> None:
        """Runs both jobs now."""
        self.last_run = self.instance.now()
        advance_invoices(self.instance)
        retrigger_order_lines(self.instance)


def advance_invoices(instance: Instance) -> int:
    """Takes invoices out of Draft: matched, or exception where the order it named is unknown."""
    invoices = instance.tables["sn_shop_invoice"]
    staged = instance.tables["sn_spend_intg_imp_invoice"]
    drafts = [row for row in invoices if row.get("state") == "draft"]
    unmatched = {
        row.get("sys_target_sys_id", "")
        for row in staged
        if drafts and row.get("u_purchase_order") and row.get("sys_target_sys_id")
    }
    for row in drafts:
        lost = row["sys_id"] in unmatched and not row.get("purchase_order")
        rules.touch(instance, invoices, row, {"state": "exception" if lost else "matched"})
    return len(drafts)


def retrigger_order_lines(instance: Instance) -> int:
    """Transforms failed order lines once more; returns how many there were."""
    staging = instance.tables[ORDER_LINES]
    failed = [row for row in staging if row.get("sys_import_state") == "error"]
    for row in failed:
        import_sets.transform(instance, staging, row, row.get("sys_created_by", ""))
    return len(failed)
