"""Invoices of the ERP are compared with the bills that people enter in Procurify."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flows.plant import FLOW
from flows.procurify_domain import Domain


def bill_like(domain: Domain, key: str, **values: Any) -> dict[str, Any]:
    """A bill that somebody enters for an invoice of the ERP."""
    truth = domain.loop.call(domain.source.truth)
    invoice = next(row for row in truth["ap-invoices"] if row["id"] == key)
    vendor = next(row for row in domain.table("vendors") if (row["external_id"] or "").endswith(invoice["supplierId"]))
    currency = next(row["id"] for row in domain.table("currencies") if row["name"] == invoice["currencyCode"])
    bill = {
        "vendor": vendor["id"],
        "currency": currency,
        "invoice_number": invoice["invoiceNumber"],
        "invoice_date": invoice["transactionDate"][:10],
        "total_cost_with_tax": abs(Decimal(str(invoice["foreignCurrencyAmount"]))),
        "lines": [],
        **values,
    }
    return domain.loop.call(lambda: domain.target.insert("bills", bill))


def missing(domain: Domain) -> list[str]:
    rows = domain.app.records(FLOW, route="invoices", state="waiting")
    carrying = [row["external_id"] or "" for row in domain.table("vendors")]
    truth = {row["id"]: row for row in domain.loop.call(domain.source.truth)["ap-invoices"]}
    return [
        row["key"]
        for row in rows
        if row["code"] == "NOT_YET_ON_TARGET"
        and not truth[row["key"]]["debitMemo"]
        and any(each.endswith(truth[row["key"]]["supplierId"]) for each in carrying)
    ]


def test_bills(domain: Domain) -> None:
    """Missing, then entered: equal, otherwise, and twice; corrected in the end."""
    domain.run()
    equal, otherwise, twice, never = missing(domain)[:4]
    bill_like(domain, equal)
    wrong = bill_like(domain, otherwise, total_cost_with_tax=Decimal("1.00"))
    bill_like(domain, twice)
    superfluous = bill_like(domain, twice)
    domain.forget_requests()
    domain.run()
    assert domain.state(equal, "invoices") == ("landed", "")
    assert domain.state(otherwise, "invoices") == ("rejected", "DIFFERS_ON_TARGET")
    assert "bill 1.00" in domain.story(otherwise, "invoices")
    assert domain.state(twice, "invoices") == ("held", "ADOPTION_AMBIGUOUS")
    assert domain.state(never, "invoices") == ("waiting", "NOT_YET_ON_TARGET")

    truth = next(r for r in domain.loop.call(domain.source.truth)["ap-invoices"] if r["id"] == otherwise)
    domain.typed("bills", {"id": wrong["id"]}, total_cost_with_tax=abs(Decimal(str(truth["foreignCurrencyAmount"]))))
    domain.typed("bills", {"id": superfluous["id"]}, status=5)
    domain.app.decide("release", FLOW, "invoices", [twice], "the other one was withdrawn")
    domain.run()
    domain.replay()
    for key in (equal, otherwise, twice):
        assert domain.state(key, "invoices") == ("landed", "")
    assert domain.writes == 0


def test_bill_and_invoice_that_change_after_they_were_equal(domain: Domain) -> None:
    domain.run()
    keys = missing(domain)
    key = next(key for key in (domain.desk.raise_invoice(n, Decimal(0)) for n in range(6)) if key in keys)
    bill = bill_like(domain, key)
    domain.run()
    assert domain.state(key, "invoices") == ("landed", "")
    number = next(
        n
        for n in range(6)
        if domain.desk._voucher(n) == key  # type: ignore[attr-defined]
    )
    domain.pass_time(3600)
    domain.desk.raise_invoice(number, Decimal("5.00"))
    domain.run()
    assert domain.state(key, "invoices") == ("rejected", "DIFFERS_ON_TARGET")
    truth = next(r for r in domain.loop.call(domain.source.truth)["ap-invoices"] if r["id"] == key)
    domain.typed("bills", {"id": bill["id"]}, total_cost_with_tax=Decimal(str(truth["foreignCurrencyAmount"])))
    domain.replay()
    assert domain.state(key, "invoices") == ("landed", "")
