"""Fact sheet SYSPRO §5 to §7: how documents hang together, what edits move, and what is awkward."""

from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ml_connector_simulators.syspro import SysproSimulator

Rows = list[dict[str, Any]]
PERIOD = ("TrnYear", "TrnMonth", "Journal", "EntryNumber")
ZERO = Decimal(0)


def made() -> SysproSimulator:
    return SysproSimulator(start=datetime(2026, 11, 20, 12, 0, tzinfo=UTC))


def rows(sim: SysproSimulator, table: str, **wanted: Any) -> Rows:
    """The truth's rows with these values, in EDU1 unless told otherwise."""
    wanted = {"CompanyId": "EDU1", **wanted}
    return [dict(r) for r in sim.truth()[table] if all(r[n] == v for n, v in wanted.items())]


def row(sim: SysproSimulator, table: str, **wanted: Any) -> dict[str, Any]:
    [found] = rows(sim, table, **wanted)
    return found


def distribution(sim: SysproSimulator, invoice: str, supplier: str = "V9010") -> Rows:
    summary = row(sim, "ApJnlSummary", Supplier=supplier, Invoice=invoice)
    return rows(sim, "ApJnlDistrib", **{name: summary[name] for name in PERIOD})


# How documents hang together -------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["local", "invoice"])
def test_every_distribution_makes_its_invoice(value: str) -> None:
    sim = made()
    sim.set_switches(invoice_value=value)
    sums: dict[Any, Decimal] = defaultdict(Decimal)
    for each in sim.truth()["ApJnlDistrib"]:
        sums[each["CompanyId"], *(each[name] for name in PERIOD)] += each["DistrValue"]
    keyed = {(s["CompanyId"], s["Supplier"], s["Invoice"]): s for s in sim.truth()["ApJnlSummary"]}
    differ = []
    for invoice in sim.truth()["ApInvoice"]:
        found = keyed.get((invoice["CompanyId"], invoice["Supplier"], invoice["Invoice"]))
        key = (invoice["CompanyId"], *(found[name] for name in PERIOD)) if found else None
        if key is None or sums[key] != invoice["OrigInvValue"]:
            differ.append(invoice["Invoice"])
    assert sorted(differ) == ["AW-9026", "SY-NODIST"]


def test_values_follow_the_rate() -> None:
    sim = made()
    seen = set()
    for each in sim.truth()["ApInvoice"]:
        rate, value = each["ConvRate"], each["CurrencyValue"]
        local = value * rate if each["MulDiv"] == "M" else value / rate
        assert abs(local - each["OrigInvValue"]) <= Decimal("0.02") * max(rate, 1), each
        seen.add(each["MulDiv"])
    assert seen == {"M", "D"}
    sim.set_switches(invoice_value="invoice")
    assert all(each["OrigInvValue"] == each["CurrencyValue"] for each in sim.truth()["ApInvoice"])


@pytest.mark.parametrize("value", ["local", "invoice"])
def test_journals_balance(value: str) -> None:
    sim = made()
    sim.set_switches(invoice_value=value)
    sums: dict[Any, Decimal] = defaultdict(Decimal)
    posted: dict[Any, set[str]] = defaultdict(set)
    for each in sim.truth()["GenJournalDetail"]:
        key = tuple(each[n] for n in ("CompanyId", "GlYear", "GlPeriod", "Journal"))
        sums[key] += each["EntryValue"]
        posted[key].add(each["EntryPosted"])
    kinds = set()
    for each in sim.truth()["GenJournalCtl"]:
        key = tuple(each[n] for n in ("CompanyId", "GlYear", "GlPeriod", "GlJournal"))
        assert (sums[key], each["DebitAmount"]) == (ZERO, each["CreditAmount"])
        done = each["PostDate"] is not None
        assert (posted[key], each["JnlStatus"]) == ({"Y" if done else "N"}, "P" if done else "0")
        kinds.add((each["Source"], done))
    assert kinds == {("AP", True), ("AP", False), ("GL", True), ("GL", False)}


def test_invoices_lead_to_their_orders() -> None:
    sim = made()
    invoice = row(sim, "ApInvoice", Invoice="AW-9014")
    [match] = rows(sim, "GrnMatching", Supplier="V9010", Invoice="AW-9014", Journal=invoice["Journal"])
    lines = rows(sim, "GrnDetails", Grn=match["Grn"])
    assert [(d["PurchaseOrder"], d["PurchaseOrderLin"]) for d in lines] == [("P9004", 1), ("P9004", 2)]
    coded = [(d["ExpenseGlCode"], d["DistrValue"]) for d in distribution(sim, "AW-9014") if d["ExpenseType"] == "M"]
    assert [(d["DebitRecGlCode"], d["MatchedValue"]) for d in lines] == coded


def test_every_coded_line_has_its_analysis() -> None:
    sim = made()
    entries = {(r["CompanyId"], r["AnalysisEntry"]) for r in sim.truth()["GenAnalysisTrn"]}
    for each in sim.truth()["ApJnlDistrib"]:
        assert (each["AnalysisEntry"] == 0) == (each["ExpenseType"] == "T")
        assert each["AnalysisEntry"] == 0 or (each["CompanyId"], each["AnalysisEntry"]) in entries


def test_paid_invoices_have_payments() -> None:
    sim = made()
    paid: dict[Any, Decimal] = defaultdict(Decimal)
    for each in sim.truth()["ApInvoicePay"]:
        paid[each["CompanyId"], each["Supplier"], each["Invoice"]] += each["TrnValue"]
    for each in sim.truth()["ApInvoice"]:
        key = (each["CompanyId"], each["Supplier"], each["Invoice"])
        assert each["MthInvBal1"] == each["OrigInvValue"] - paid[key]


# What edits move -------------------------------------------------------------------------------------------


def test_an_edit_moves_its_time_stamp_and_no_date() -> None:
    sim = made()
    before = row(sim, "ApInvoice", Invoice="SY-SPLIT")
    other = row(sim, "ApInvoice", Invoice="SY-NODIST")
    sim.update("ApInvoice", {"Invoice": "SY-SPLIT"}, {"Reference": "changed"})
    after = row(sim, "ApInvoice", Invoice="SY-SPLIT")
    assert {n for n in after if after[n] != before[n]} == {"Reference", "TimeStamp"}
    assert row(sim, "ApInvoice", Invoice="SY-NODIST") == other


def test_a_line_leaves_its_header_alone() -> None:
    sim = made()
    order = {"PurchaseOrder": "P9008"}
    before = row(sim, "PorMasterHdr", **order)
    sim.update("PorMasterDetail", {**order, "Line": 1}, {"MOrderQty": "5", "MStockDes": "Other"})
    assert row(sim, "PorMasterHdr", **order) == before


def test_amendments_of_a_printed_order_are_counted() -> None:
    sim = made()
    line = {"PurchaseOrder": " 00001", "Line": 1}
    sim.update("PorMasterDetail", line, {"MStockDes": "Other"})
    assert row(sim, "PorMasterHdr", PurchaseOrder=" 00001")["AmendedCount"] == 0
    sim.update("PorMasterDetail", line, {"MOrderQty": 7})
    assert row(sim, "PorMasterHdr", PurchaseOrder=" 00001")["AmendedCount"] == 1


def test_a_payment_changes_the_balance_and_no_date() -> None:
    sim = made()
    key = {"Supplier": "V9010", "Invoice": "SY-SPLIT"}
    before = row(sim, "ApInvoice", **key)
    sim.insert("ApInvoicePay", {**key, "TrnValue": "40.00", "PaymentReference": "T-1"})
    part = row(sim, "ApInvoice", **key)
    changed = {"MthInvBal1", "InvoiceStatus", "PaymentNumber", "TimeStamp"}
    assert {n for n in part if part[n] != before[n]} == changed
    assert (part["MthInvBal1"], part["InvoiceStatus"]) == (Decimal("50.00"), "1")
    sim.insert("ApInvoicePay", {**key, "TrnType": "A", "TrnValue": "50.00"})
    done = row(sim, "ApInvoice", **key)
    assert (done["MthInvBal1"], done["InvoiceStatus"], done["TotalAdjustments"]) == (ZERO, "9", Decimal("-50.00"))


def test_a_late_invoice_is_entered_today() -> None:
    sim = made()
    new = sim.insert("ApInvoice", {"Supplier": "V9010", "Invoice": "X", "InvoiceDate": "2026-01-05", "OrigInvValue": 9})
    today = sim.clock.now().date().isoformat()
    assert (new["InvoiceDate"], new["JournalDate"], new["MthInvBal1"]) == ("2026-01-05", today, Decimal("9.00"))
    summary = sim.insert("ApJnlSummary", {"Supplier": "V9010", "Invoice": "X", "SupplierGlCode": "3300"})
    assert (summary["Journal"], summary["InvoiceValue"]) == (new["Journal"], Decimal("9.00"))


def test_cancelling_an_order_completes_its_lines() -> None:
    sim = made()
    sim.update("PorMasterHdr", {"PurchaseOrder": "P9008"}, {"OrderStatus": "*"})
    assert row(sim, "PorMasterHdr", PurchaseOrder="P9008")["CancelledFlag"] == "Y"
    assert {line["MCompleteFlag"] for line in rows(sim, "PorMasterDetail", PurchaseOrder="P9008")} == {"Y"}


def test_posting_a_journal_posts_its_entries() -> None:
    sim = made()
    draft = row(sim, "GenJournalCtl", GlJournal=900002)
    key = {name: draft[name] for name in ("GlYear", "GlPeriod", "GlJournal")}
    sim.update("GenJournalCtl", key, {"PostDate": sim.clock.now().date()})
    assert row(sim, "GenJournalCtl", **key)["JnlStatus"] == "P"
    assert {each["EntryPosted"] for each in rows(sim, "GenJournalDetail", Journal=900002)} == {"Y"}


def test_edits_find_their_company() -> None:
    sim = made()
    sim.update("GenMaster", {"CompanyId": "EDU2", "GlCode": "4010"}, {"Description": "Theirs"})
    assert row(sim, "GenMaster", CompanyId="EDU2", GlCode="4010")["Description"] == "Theirs"
    assert row(sim, "GenMaster", GlCode="4010")["Description"] == "Purchased parts, pumps"
    sim.insert("GenMaster", {"Company": "EDU2", "GlCode": "9990"})
    assert rows(sim, "GenMaster", GlCode="9990") == []
    sim.insert("GenAnalysisCode", {"CompanyId": "EDU2", "AnalysisCode": "990", "Description": "New"})
    assert rows(sim, "GenAnalysisCode", AnalysisCode="990") == []
    sim.delete("GenAnalysisCode", {"AnalysisCode": "990"})
    assert rows(sim, "GenAnalysisCode", CompanyId="EDU2", AnalysisCode="990") == []


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"SupplierName": "no key"}, ValueError),
        ({"Supplier": "V9010"}, ValueError),
        ({"Supplier": "V9010   "}, ValueError),
        ({"Supplier": "X" * 16}, ValueError),
        ({"Supplier": "X", "SupplierName": "x" * 51}, ValueError),
        ({"Supplier": "X", "CompanyId": "EDU9"}, KeyError),
    ],
)
def test_what_the_database_refuses(values: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        made().insert("ApSupplier", values)


def test_a_field_that_nobody_announced_is_a_column_of_all_rows() -> None:
    sim = made()
    sim.update("ApSupplier", {"Supplier": "V9010", "CompanyId": "EDU1"}, {"LoadingGate": "7"})
    assert row(sim, "ApSupplier", Supplier="V9010")["LoadingGate"] == "7"
    assert row(sim, "ApSupplier", Supplier="V9011")["LoadingGate"] is None


# What is awkward -------------------------------------------------------------------------------------------


def test_late_invoices_of_the_story() -> None:
    sim = made()
    today = sim.clock.now().date().isoformat()
    for number in ("SY-LATE-33", "SY-LATE-70"):
        invoice = row(sim, "ApInvoice", Invoice=number)
        assert invoice["InvoiceDate"] < invoice["JournalDate"] == today


def test_an_entry_split_over_two_codes() -> None:
    sim = made()
    [line] = distribution(sim, "SY-SPLIT")
    split = rows(sim, "GenAnalysisTrn", AnalysisEntry=line["AnalysisEntry"])
    assert [(s["AnalysisCode1"], s["EntryValue"]) for s in split] == [("210", Decimal(30)), ("220", Decimal(60))]
    sim.set_switches(analysis_values="only_when_split")
    zeros = [r["EntryValue"] for r in sim.truth()["GenAnalysisTrn"]]
    assert sorted(set(zeros)) == [ZERO, Decimal(30), Decimal(60)]


def test_one_analysis_entry_for_the_whole_invoice_by_a_switch() -> None:
    sim = made()
    sim.set_switches(analysis_per="invoice")
    summary = row(sim, "ApJnlSummary", Invoice="AW-9014")
    assert {line["AnalysisEntry"] for line in distribution(sim, "AW-9014")} == {summary["AnalysisEntry"]}


def test_cost_centers_in_gl_codes_by_a_switch() -> None:
    sim = made()
    sim.set_switches(cost_centers="gl_segment")
    codes = {r["GlCode"] for r in rows(sim, "GenMaster")}
    assert {"4010-220", "1571"} <= codes
    assert "4010" not in codes
    assert {d["ExpenseGlCode"] for d in distribution(sim, "AW-9014")} == {"4010-220", "6310-220", "1571"}


def test_projects_beside_cost_centers_by_a_switch() -> None:
    sim = made()
    assert {r["AnalysisType"] for r in sim.truth()["GenAnalysisCode"]} == {1}
    sim.set_switches(second_analysis=True)
    assert [r["AnalysisCode"] for r in rows(sim, "GenAnalysisCode", AnalysisType=2)] == ["P100", "P200"]
    assert {r["AnalysisCode2"] for r in sim.truth()["GenAnalysisTrn"]} == {"P100", "P200"}


def test_the_status_of_posted_journals_by_a_switch() -> None:
    sim = made()
    sim.set_switches(posted_status="9")
    assert {r["JnlStatus"] for r in sim.truth()["GenJournalCtl"]} == {"9", "0"}


def test_records_with_odd_states() -> None:
    sim = made()
    assert row(sim, "PorMasterHdr", PurchaseOrder="P9002")["OrderStatus"] == "*"
    assert row(sim, "PorMasterHdr", PurchaseOrder="P9003")["OrderStatus"] == "0"
    assert row(sim, "PorMasterHdr", PurchaseOrder=" P9012")["OrderStatus"] == "1"
    assert row(sim, "GenMaster", GlCode="6990")["AccOnHoldFlag"] == "Y"
    assert row(sim, "ApSupplier", Supplier="V9008")["SupplierName"] == ""
    assert row(sim, "PorMasterHdr", PurchaseOrder="P9016")["Currency"] == ""
    cancelled = row(sim, "ApInvoice", Invoice="AW-9033")
    assert (cancelled["MthInvBal1"], cancelled["TotalAdjustments"]) == (ZERO, -cancelled["OrigInvValue"])
    assert rows(sim, "ApJnlSummary", Invoice="SY-NODIST") == []
    assert row(sim, "ApInvoice", Invoice="SY-DISPUTE")["InvoiceStatus"] == "D"
