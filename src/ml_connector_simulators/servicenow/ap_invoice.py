"""The AP Invoice API: up to 100 invoices with their lines, accepted now, processed later (section 6.2)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ..exchange import Answer
from . import import_sets
from .access import may_write
from .columns import text_of
from .instance import Instance
from .messages import RefusedError, Request, acl_failed, json_answer, json_body, wrong_method

INVOICE = "sn_spend_intg_imp_invoice"
LINE = "sn_spend_intg_imp_invoice_line"
LOG = "sn_spend_intg_invoice_integration_log"
MOST_INVOICES = 100
INHERITED = ("external_invoice_number", "external_invoice_source", "erp_source", "currency")


class Accepted(NamedTuple):
    """A batch that waits for its turn."""

    due: datetime
    batch_id: str
    source_system: str
    invoices: list[dict[str, Any]]
    by: str


class ApInvoiceApi:
    """Accepts batches of invoices and writes their outcome to the integration log."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.accepted: list[Accepted] = []
        self.calls: list[datetime] = []

    def serve(self, request: Request, source_system: str) -> Answer:
        """Answers 202 with a batch id; the outcome stands in the integration log later."""
        if request.method != "POST":
            raise wrong_method()
        instance = self.instance
        staging = instance.table(INVOICE)
        if not may_write(request.account, staging.definition):
            raise acl_failed("Insert")
        invoices = json_body(request.body).get("invoices")
        if not source_system or not isinstance(invoices, list) or not 0 < len(invoices) <= MOST_INVOICES:
            raise RefusedError(400, "Invalid request", f"1 to {MOST_INVOICES} invoices and header Source-System")
        self._check_hourly_cap()
        batch_id = instance.new_id()
        due = instance.now() + timedelta(seconds=instance.switches.insert_multiple_delay_s)
        self.accepted.append(Accepted(due, batch_id, source_system, invoices, request.account.user_name))
        for invoice in invoices:
            instance.count_write(instance.tables["sn_shop_invoice"])
            for _ in _lines(invoice):
                instance.count_write(instance.tables["sn_shop_invoice_line"])
        return json_answer({"batch_id": batch_id, "message": "Request accepted", "status": "accepted"}, 202)

    def _check_hourly_cap(self) -> None:
        """The vendor prints 10, 13 and 500 calls an hour; a switch says which."""
        now = self.instance.now()
        self.calls = [at for at in self.calls if now - at < timedelta(hours=1)]
        if len(self.calls) >= self.instance.switches.ap_invoice_calls_per_hour:
            raise RefusedError(429, "Rate limit exceeded", "Hourly limit of the AP Invoice API exceeded")
        self.calls.append(now)

    def catch_up(self, *, everything: bool = False) -> None:
        """Processes the batches that are due by now."""
        now = self.instance.now()
        due = [one for one in self.accepted if everything or one.due <= now]
        self.accepted = [one for one in self.accepted if one not in due]
        for batch in due:
            for invoice in batch.invoices:
                self._process(batch, invoice)

    def _process(self, batch: Accepted, invoice: dict[str, Any]) -> None:
        instance = self.instance
        header = {f"u_{name}": text_of(value) for name, value in invoice.items() if name != "invoice_lines"}
        staged = self._transformed(INVOICE, header, batch.by)
        failed = staged.get("sys_import_state") == "error"
        messages = [staged.get("sys_import_state_comment", "")] if failed else []
        for line in [] if failed else _lines(invoice):
            values = {f"u_{name}": text_of(invoice[name]) for name in INHERITED if name in invoice}
            values |= {f"u_{name}": text_of(value) for name, value in line.items()}
            staged_line = self._transformed(LINE, values, batch.by)
            if staged_line.get("sys_import_state") == "error":
                messages.append(staged_line.get("sys_import_state_comment", ""))
        instance.place(
            LOG,
            {
                "batch_id": batch.batch_id,
                "external_invoice_number": text_of(invoice.get("external_invoice_number")),
                "source_system": batch.source_system,
                "status": "error" if messages else "processed",
                "message": "; ".join(messages),
                "invoice": staged.get("sys_target_sys_id", ""),
            },
        )

    def _transformed(self, name: str, values: dict[str, str], by: str) -> dict[str, str]:
        staging = self.instance.tables[name]
        return import_sets.stage_and_transform(self.instance, staging, values, by)


def _lines(invoice: dict[str, Any]) -> list[dict[str, Any]]:
    lines = invoice.get("invoice_lines")
    return [one for one in lines if isinstance(one, dict)] if isinstance(lines, list) else []
