"""Fact sheet Plex §2, §3: lists, filters and bodies."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from ml_connector_simulators import exact_json
from ml_connector_simulators.plex import PlexSimulator
from simulators.plex.plex_caller import ACCOUNTS, HOME, INVOICES, ORDERS, OTHER, PAYMENTS, RELEASES, SUPPLIERS, Caller


def money(value: Any) -> Decimal:
    return Decimal(str(value))


async def test_lists_are_whole_and_bare_whatever_is_asked(caller: Caller, plex: PlexSimulator) -> None:
    held = {row["id"] for row in plex.truth()["suppliers"] if row["pcn"] == HOME}
    reply = await caller.get(SUPPLIERS, limit="2", offset="3", nobodyKnows="1", Name="x")
    assert isinstance(reply.json, list)
    assert {row["id"] for row in reply.json} == held
    assert len(held) == len(reply.json) > 40


async def test_no_order_is_guaranteed(caller: Caller) -> None:
    rows = (await caller.get(SUPPLIERS)).json
    again = (await caller.get(SUPPLIERS)).json
    other = (await caller.get(SUPPLIERS, modifiedDateBegin="2000-01-01T00:00Z")).json
    assert rows == again
    assert rows != other
    assert sorted(r["id"] for r in rows) == sorted(r["id"] for r in other)
    assert [r["modifiedDate"] for r in rows] != sorted(r["modifiedDate"] for r in rows)


async def test_paths_are_served_with_and_without_api(caller: Caller) -> None:
    headers = {"X-Plex-Connect-Customer-Id": HOME, "Authorization": f"Bearer {caller._token}"}
    bare = await caller.send("GET", SUPPLIERS, headers)
    assert bare.json == (await caller.get(SUPPLIERS)).json


async def test_bounds_are_inclusive(caller: Caller, plex: PlexSimulator) -> None:
    one = (await caller.get(SUPPLIERS)).json[0]
    at = one["modifiedDate"]
    assert one in (await caller.get(SUPPLIERS, modifiedDateBegin=at, modifiedDateEnd=at)).json
    plex.set_switches(bounds_inclusive=False)
    assert (await caller.get(SUPPLIERS, modifiedDateBegin=at, modifiedDateEnd=at)).json == []


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("2026-03-01T00:00Z", 200),
        ("2026-03-01T00:00:00Z", 200),
        ("2026-03-01T00:00:00.1234567Z", 200),
        ("2026-03-01", 400),
        ("2026-03-01T00:00:00", 400),
        ("2026-03-01T00:00:00+00:00", 400),
        ("2026-03-01T00:00:00.12345678Z", 400),
        ("2026-02-30T00:00:00Z", 400),
    ],
)
async def test_forms_of_a_date(caller: Caller, text: str, status: int) -> None:
    reply = await caller.get(ORDERS, modifiedDateBegin=text)
    assert reply.status == status
    assert status == 200 or reply.code == "ARGUMENT_INVALID"


async def test_stamps_have_seven_digits(caller: Caller) -> None:
    digits = Counter(len(r["modifiedDate"].partition(".")[2]) - 1 for r in (await caller.get(SUPPLIERS)).json)
    assert max(digits) == 7
    assert all(row["createdDate"] <= row["modifiedDate"] for row in (await caller.get(SUPPLIERS)).json)


async def test_parameters_have_their_own_case(caller: Caller) -> None:
    assert [r["poNumber"] for r in (await caller.get(ORDERS, pONumber="P9008")).json] == ["P9008"]
    everything = (await caller.get(ORDERS)).json
    assert len((await caller.get(ORDERS, poNumber="P9008")).json) == len(everything) > 1
    order = await caller.order("P9013")
    assert len((await caller.get(RELEASES, pOId=order["id"])).json) == 2
    assert len((await caller.get(RELEASES, poId=order["id"])).json) > 2


async def test_id_may_be_repeated(caller: Caller) -> None:
    rows = (await caller.get(SUPPLIERS)).json
    wanted = [rows[0]["id"], rows[5]["id"].upper()]
    headers = {"X-Plex-Connect-Customer-Id": HOME, "Authorization": f"Bearer {caller._token}"}
    found = await caller.send("GET", f"{SUPPLIERS}?id={wanted[0]}&id={wanted[1]}", headers)
    assert {r["id"] for r in found.json} == {rows[0]["id"], rows[5]["id"]}
    assert (await caller.get(SUPPLIERS, OTHER, id=wanted[0])).json == []
    assert (await caller.get(SUPPLIERS, id="no-guid")).code == "ARGUMENT_INVALID"


async def test_active_is_true_unless_asked_or_set_up_otherwise(caller: Caller, plex: PlexSimulator) -> None:
    for path in (ORDERS, ACCOUNTS):
        on = (await caller.get(path, active="true")).json
        off = (await caller.get(path, active="false")).json
        assert on and off and {r["active"] for r in on} == {True} and {r["active"] for r in off} == {False}
        assert len((await caller.get(path)).json) == len(on)
        plex.set_switches(active_default="all")
        assert len((await caller.get(path)).json) == len(on) + len(off)
        plex.set_switches(active_default="true")
    assert (await caller.get(ORDERS, active="maybe")).code == "ARGUMENT_INVALID"


async def test_what_cannot_be_filtered_by_date_is_read_in_full(caller: Caller) -> None:
    future = {"modifiedDateBegin": "2049-01-01T00:00:00Z"}
    for path in (ACCOUNTS, PAYMENTS, "/mdm/v1/buildings", "/mdm/v1/parts"):
        assert (await caller.get(path, **future)).json != []
    for path in (SUPPLIERS, ORDERS, RELEASES, INVOICES, "/mdm/v1/departments"):
        assert (await caller.get(path, **future)).json == []


async def test_not_found(caller: Caller) -> None:
    row = (await caller.get(ORDERS)).json[0]
    assert (await caller.get(f"{ORDERS}/{row['id']}")).json == row
    for path in (f"{ORDERS}/not-a-guid", f"{ORDERS}/not-a-guid/line-items", "/nothing/v1/here", f"{ORDERS}/"):
        reply = await caller.get(path)
        assert (reply.status, reply.code) == (404, "RESOURCE_NOT_FOUND")
    assert (await caller.get(f"{ORDERS}/{row['id']}", OTHER)).status == 404
    assert (await caller.get(f"{ORDERS}/{row['id']}/line-items", OTHER)).status == 404


async def test_a_line_belongs_to_its_order(caller: Caller) -> None:
    [line, *_] = await caller.lines("P9012")
    own, other = await caller.order("P9012"), await caller.order("P9008")
    assert (await caller.get(f"{ORDERS}/{own['id']}/line-items/{line['id']}")).json == line
    assert (await caller.get(f"{ORDERS}/{other['id']}/line-items/{line['id']}")).status == 404


async def test_a_line_has_no_quantity_but_releases(caller: Caller) -> None:
    [line] = await caller.lines("P9013")
    releases = (await caller.get(RELEASES, pOLineItemId=line["id"])).json
    assert "quantity" not in line and "poId" not in line
    assert sorted((r["releaseLineNumber"], r["quantity"]) for r in releases) == [(1, 4.0), (2, 4.0)]
    order = await caller.order("P9013")
    assert (order["lineItemCount"], order["lineItemTotal"]) == (1, 160.0)


async def test_a_supplier_has_further_pages(caller: Caller) -> None:
    [row] = (await caller.get(SUPPLIERS, code="V9010")).json
    [address] = (await caller.get(f"{SUPPLIERS}/{row['id']}/addresses")).json
    assert (address["code"], address["city"], address["main"]) == ("1", "Kassel", True)
    assert "supplierId" not in address
    assert (await caller.get(f"{SUPPLIERS}/{row['id']}/addresses/{address['id']}")).json == address
    assert (await caller.get(f"{SUPPLIERS}/{row['id']}/financials")).json["taxId"].startswith("DE9")
    assert (await caller.get(f"{SUPPLIERS}/{row['id']}/purchasing-defaults")).json == {
        "defaultPaymentTerms": "Net 30",
        "defaultCurrencyCode": "EUR",
        "defaultTaxCode": None,
        "defaultPOType": None,
        "defaultExpenseAccount": None,
    }


async def test_invoices_add_up_in_both_currencies(caller: Caller) -> None:
    invoices = [*(await caller.get(INVOICES)).json, *(await caller.get(INVOICES, OTHER)).json]
    odd = [i["voucherNumber"] for i in invoices if not _adds_up(i)]
    assert odd == ["9026"]  # the awkward one
    foreign = [i for i in invoices if i["exchangeRate"] != 1]
    assert foreign and all(i["amount"] != i["foreignCurrencyAmount"] for i in foreign if i["amount"])


def _adds_up(invoice: dict[str, Any]) -> bool:
    own = [line for line in invoice["lines"] if line["offset"] == 0]
    [control] = [line for line in invoice["lines"] if line["offset"] == 1]
    assert control["accountNumber"] == "3300-000-00"
    assert money(control["credit"]) - money(control["debit"]) == money(invoice["amount"])
    assert money(control["currencyCredit"]) - money(control["currencyDebit"]) == money(invoice["foreignCurrencyAmount"])
    net = sum((money(line["debit"]) - money(line["credit"]) for line in own), Decimal(0))
    return net + sum((money(tax["taxAmount"]) for tax in invoice["taxes"]), Decimal(0)) == money(invoice["amount"])


async def test_taxes_may_be_told_in_invoice_currency(caller: Caller, plex: PlexSimulator) -> None:
    plex.set_switches(tax_currency="invoice")
    for invoice in (await caller.get(INVOICES)).json:
        own = [line for line in invoice["lines"] if line["offset"] == 0]
        net = sum((money(line["currencyDebit"]) - money(line["currencyCredit"]) for line in own), Decimal(0))
        tax = sum((money(tax["taxAmount"]) for tax in invoice["taxes"]), Decimal(0))
        assert invoice["voucherNumber"] == "9026" or net + tax == money(invoice["foreignCurrencyAmount"])


async def test_account_fields_agree(caller: Caller) -> None:
    chart = {
        r["id"]: r["accountNumber"] for a in ("true", "false") for r in (await caller.get(ACCOUNTS, active=a)).json
    }
    unknown = set()
    for invoice in (await caller.get(INVOICES)).json:
        for line in invoice["lines"]:
            segments = (line["baseSegment"], line["costCenterSegment"], line["subAccountSegment"])
            assert line["accountNumber"] == "-".join(segments)
            if chart.get(line["accountId"]) != line["accountNumber"]:
                unknown.add((invoice["voucherNumber"], line["accountNumber"]))
    assert unknown == {("9017", "6666-220-00"), ("9020", "6310-666-00"), ("9035", "6666-667-00")}


async def test_a_department_is_a_code_on_orders_and_a_number_on_invoices(caller: Caller) -> None:
    rows = (await caller.get("/mdm/v1/departments")).json
    numbers = {r["departmentNo"] for r in rows}
    codes = {r["departmentCode"] for r in rows}
    assert len(codes) == len(rows) and "MAINT" in codes
    assert {o["department"] for o in (await caller.get(ORDERS)).json} - {None} <= codes
    assert {i["department"] for i in (await caller.get(INVOICES)).json} - numbers == {666, 667}


async def test_invoice_lines_may_stand_in_the_detail_only(caller: Caller, plex: PlexSimulator) -> None:
    full = await caller.invoice(9008)
    plex.set_switches(invoice_list_lines="absent")
    assert {"lines", "taxes"} & set(await caller.invoice(9008)) == set()
    assert (await caller.get(f"{INVOICES}/{full['id']}")).json == full
    plex.set_switches(invoice_list_lines="null")
    assert (await caller.invoice(9008))["lines"] is None


async def test_fields_without_a_value_may_be_absent(caller: Caller, plex: PlexSimulator) -> None:
    assert (await caller.order("P9016"))["currencyCode"] is None
    plex.set_switches(null_fields="absent")
    assert "currencyCode" not in await caller.order("P9016")


async def test_doubles_may_be_a_bit_off(caller: Caller, plex: PlexSimulator) -> None:
    assert (await caller.order("P9008"))["lineItemTotal"] == 0.3
    plex.set_switches(double_noise=True)
    assert (await caller.order("P9008"))["lineItemTotal"] == 0.1 + 0.2
    assert "0.30000000000000004" in (await caller.get(ORDERS, pONumber="P9008")).text


async def test_the_word_for_cancelled(caller: Caller, plex: PlexSimulator) -> None:
    assert [r["poNumber"] for r in (await caller.get(ORDERS, status="Cancelled", active="false")).json] == ["P9002"]
    plex.set_switches(cancelled_word="Canceled")
    assert (await caller.order("P9002"))["status"] == "Canceled"
    assert (await caller.get(ORDERS, status="Cancelled", active="false")).json == []
    assert len((await caller.get(ORDERS, status="Canceled", active="false")).json) == 1
    words = [s["status"] for s in (await caller.get("/purchasing/v1/purchase-order-statuses")).json]
    assert "Canceled" in words and "On Order" in words


async def test_debit_memos(caller: Caller, plex: PlexSimulator) -> None:
    memo = await caller.invoice(9007)
    assert (memo["debitMemo"], memo["foreignCurrencyAmount"]) == (1, -119.0)
    [line] = [x for x in memo["lines"] if x["offset"] == 0]
    assert (line["debit"], line["credit"]) == (0, 100)
    plex.set_switches(debit_memo_sign="positive")
    assert (await caller.invoice(9007))["foreignCurrencyAmount"] == 119.0


async def test_numbers_are_json_numbers(caller: Caller) -> None:
    text = (await caller.get(INVOICES, invoiceNumber="AW-9009")).text
    [row] = exact_json.load(text)
    assert row["foreignCurrencyAmount"] == Decimal("14691357.897")  # with 19 % tax


async def test_payments(caller: Caller) -> None:
    rows = (await caller.get(PAYMENTS)).json
    paid = {i["voucherNumber"]: i for i in (await caller.get(INVOICES)).json if i["paid"]}
    assert set(paid) <= {r["voucherNo"] for r in rows}
    assert {i["balance"] for i in paid.values()} == {0}
    one = next(r for r in rows if r["voucherNo"] in paid)
    assert one["amount"] == paid[one["voucherNo"]]["amount"] == one["lines"][0]["debit"]
