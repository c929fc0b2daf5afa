"""Edits inside Plex, and the stamps they move (fact sheet §3)."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ml_connector_simulators.plex import PlexSimulator
from simulators.plex.plex_caller import ACCOUNTS, HOME, INVOICES, ORDERS, OTHER, RELEASES, SUPPLIERS, Caller

NOW = "2026-11-20T12:00:00Z"


async def changed(caller: Caller, path: str) -> list[dict[str, Any]]:
    """What was changed since the simulator began."""
    found: list[dict[str, Any]] = (await caller.get(path, modifiedDateBegin=NOW)).json
    return found


async def test_renaming_a_supplier_moves_its_stamp_in_one_plant(caller: Caller, plex: PlexSimulator) -> None:
    plex.update("suppliers", {"code": "V9010"}, {"name": "Renamed"})
    [row] = await changed(caller, SUPPLIERS)
    assert (row["code"], row["name"]) == ("V9010", "Renamed")
    assert re.fullmatch(r"2026-11-20T12:00:00\.\d{7}Z", row["modifiedDate"])
    [other] = (await caller.get(SUPPLIERS, OTHER, code="V9010")).json
    assert other["name"] == "Brandt Hydraulik Service GmbH"
    plex.update("suppliers", {"pcn": OTHER, "code": "V9010"}, {"name": "Renamed there"})
    assert (await caller.get(SUPPLIERS, OTHER, code="V9010")).json[0]["name"] == "Renamed there"


async def test_a_late_commit_has_an_old_stamp(caller: Caller, plex: PlexSimulator) -> None:
    old = datetime(2026, 11, 1, tzinfo=UTC)
    plex.update("suppliers", {"code": "V9010"}, {"name": "Renamed"}, stamp=old)
    assert await changed(caller, SUPPLIERS) == []
    assert (await caller.get(SUPPLIERS, code="V9010")).json[0]["modifiedDate"] == "2026-11-01T00:00:00Z"


async def test_a_release_edit_leaves_the_header_stamp(caller: Caller, plex: PlexSimulator) -> None:
    plex.update("releases", {"poNumber": "P9008", "lineItemNo": 1}, {"quantity": "5"})
    assert await changed(caller, ORDERS) == []
    [release] = await changed(caller, RELEASES)
    assert (release["poNumber"], release["quantity"]) == ("P9008", 5.0)
    assert (await caller.order("P9008"))["lineItemTotal"] == 5.2  # computed, though its stamp stays


async def test_a_line_edit_leaves_header_and_release_stamps(caller: Caller, plex: PlexSimulator) -> None:
    plex.update("line-items", {"poNumber": "P9008", "lineItemNumber": 1}, {"description": "changed"})
    assert await changed(caller, ORDERS) == await changed(caller, RELEASES) == []
    assert (await caller.lines("P9008"))[0]["description"] == "changed"
    order = await caller.order("P9008")
    assert len((await caller.get(f"{ORDERS}/{order['id']}/line-items", modifiedDateBegin=NOW)).json) == 1


async def test_switches_let_parts_move_the_header(caller: Caller, plex: PlexSimulator) -> None:
    plex.set_switches(line_edit_moves="header", release_edit_moves="header", supplier_detail_edit_moves="supplier")
    plex.update("line-items", {"poNumber": "P9008", "lineItemNumber": 1}, {"description": "changed"})
    plex.update("releases", {"poNumber": "P9012", "lineItemNo": 1}, {"note": "changed"})
    [supplier] = (await caller.get(SUPPLIERS, code="V9010")).json
    plex.update("addresses", {"supplierId": supplier["id"], "code": "1"}, {"city": "Jena"})
    assert {r["poNumber"] for r in await changed(caller, ORDERS)} == {"P9008", "P9012"}
    assert [r["code"] for r in await changed(caller, SUPPLIERS)] == ["V9010"]


async def test_an_address_edit_leaves_the_supplier_stamp(caller: Caller, plex: PlexSimulator) -> None:
    [supplier] = (await caller.get(SUPPLIERS, code="V9010")).json
    plex.update("addresses", {"supplierId": supplier["id"], "code": "1"}, {"city": "Jena"})
    assert await changed(caller, SUPPLIERS) == []


async def test_an_invoice_amount_changed_consistently(caller: Caller, plex: PlexSimulator) -> None:
    line = await first_line(caller, 9010)
    plex.update("ap-invoice-lines", {"lineId": line["lineId"]}, {"currencyDebit": Decimal("20.125")})
    [row] = await changed(caller, INVOICES)
    assert row["foreignCurrencyAmount"] == 1211.9
    own = next(x for x in row["lines"] if x["lineId"] == line["lineId"])
    assert (own["currencyDebit"], own["debit"]) == (20.125, 49.19)
    [control] = [x for x in row["lines"] if x["offset"] == 1]
    assert (control["currencyCredit"], control["credit"]) == (1211.9, row["amount"])


async def test_an_invoice_line_edit_may_move_nothing(caller: Caller, plex: PlexSimulator) -> None:
    plex.set_switches(invoice_line_edit_moves="nothing")
    line = await first_line(caller, 9010)
    plex.update("ap-invoice-lines", {"lineId": line["lineId"]}, {"accountNumber": "6310-230-00"})
    assert await changed(caller, INVOICES) == []
    assert (await first_line(caller, 9010))["costCenterSegment"] == "230"


async def first_line(caller: Caller, voucher: int) -> dict[str, Any]:
    [line, *_] = [x for x in (await caller.invoice(voucher))["lines"] if x["currencyDebit"] == 10.125]
    found: dict[str, Any] = line
    return found


async def test_a_header_total_may_be_typed_and_left_to_plex_again(caller: Caller, plex: PlexSimulator) -> None:
    plex.update("ap-invoices", {"voucherNumber": "9024"}, {"foreignCurrencyAmount": 130})
    row = await caller.invoice(9024)
    assert (row["foreignCurrencyAmount"], row["amount"], row["balance"]) == (130, 130, 130)
    plex.update("ap-invoices", {"voucherNumber": "9024"}, {"foreignCurrencyAmount": None})
    assert ((await caller.invoice(9024))["amount"]) == 119
    plex.update("purchase-orders", {"poNumber": "P9012"}, {"lineItemTotal": 1})
    assert (await caller.order("P9012"))["lineItemTotal"] == 1


async def test_paying_an_invoice(caller: Caller, plex: PlexSimulator) -> None:
    plex.update("ap-invoices", {"voucherNumber": "9024"}, {"paid": True, "status": "Paid"})
    assert (await changed(caller, INVOICES))[0]["balance"] == 0


async def test_a_cancelled_order_is_not_active_any_more(caller: Caller, plex: PlexSimulator) -> None:
    plex.update("purchase-orders", {"poNumber": "P9012"}, {"status": "Canceled"})
    assert await changed(caller, ORDERS) == []
    [row] = (await caller.get(ORDERS, active="false", modifiedDateBegin=NOW)).json
    assert (row["poNumber"], row["status"]) == ("P9012", "Cancelled")


async def test_an_order_is_entered(caller: Caller, plex: PlexSimulator) -> None:
    head = plex.insert("purchase-orders", {"poNumber": "N1", "supplierCode": "V9010", "orderedDate": "2026-03-02"})
    line = {"poNumber": "N1", "accountNumber": "4010-220-00", "unitPrice": "2.50", "description": "part"}
    plex.insert("line-items", line)
    plex.insert("releases", {"poNumber": "N1", "quantity": 4, "dueDate": "2026-04-01"})
    row = await caller.order("N1")
    assert (row["id"], row["lineItemTotal"], row["orderedDate"]) == (head["id"], 10.0, "2026-03-02T00:00:00Z")
    assert head["supplierId"] == (await caller.get(SUPPLIERS, code="V9010")).json[0]["id"]
    [release] = (await caller.get(RELEASES, pOId=row["id"])).json
    assert (release["supplierCode"], release["lineItemNo"], release["releaseLineNumber"]) == ("V9010", 1, 1)
    with pytest.raises(ValueError, match="already has"):
        plex.insert("purchase-orders", {"poNumber": "N1"})


async def test_a_copied_order_has_a_stamp_of_its_own(caller: Caller, plex: PlexSimulator) -> None:
    row = {name: value for name, value in (await caller.order("P9008")).items() if name != "id"}
    plex.insert("purchase-orders", {**row, "poNumber": "N2"})
    assert [r["poNumber"] for r in await changed(caller, ORDERS)] == ["N2"]


async def test_an_invoice_is_entered(caller: Caller, plex: PlexSimulator) -> None:
    head = {"invoiceNumber": "N-1", "supplierCode": "V9010", "currencyCode": "USD", "exchangeRate": "0.5"}
    voucher = plex.insert("ap-invoices", head)["voucherNumber"]
    posting = {"voucherNumber": voucher, "accountNumber": "6310-220-00", "currencyDebit": 10}
    plex.insert("ap-invoice-lines", posting)
    plex.insert("ap-invoice-lines", posting)
    row = await caller.invoice(voucher)
    assert (row["foreignCurrencyAmount"], row["amount"], len(row["lines"])) == (20, 10, 3)


async def test_a_missing_account_is_created(caller: Caller, plex: PlexSimulator) -> None:
    invoice = await caller.invoice(9017)
    made = plex.insert("chart-of-accounts", {"accountNumber": "6666-220-00", "name": "New"})
    assert made["id"] in {line["accountId"] for line in invoice["lines"]}
    assert (await caller.get(ACCOUNTS, accountNumber="6666-220-00")).json[0]["name"] == "New"
    plex.update("chart-of-accounts", {"accountNumber": "6666-220-00"}, {"active": False})
    [row] = (await caller.get(ACCOUNTS, accountNumber="6666-220-00", active="false")).json
    assert row["inactiveDate"].startswith("2026-11-20T12:00")


async def test_deleting_takes_the_parts_along(caller: Caller, plex: PlexSimulator) -> None:
    order = await caller.order("P9012")
    plex.delete("purchase-orders", {"poNumber": "P9012"})
    assert (await caller.get(f"{ORDERS}/{order['id']}/line-items")).status == 404
    assert (await caller.get(RELEASES, pOId=order["id"])).json == []
    plex.delete("line-items", {"poNumber": "P9008", "lineItemNumber": 2})
    assert (await caller.order("P9008"))["lineItemCount"] == 1
    plex.delete("ap-invoices", {"voucherNumber": "9001"})
    assert (await caller.get(INVOICES, invoiceNumber="2026-0815", supplierCode="V9001")).json == []
    [supplier] = (await caller.get(SUPPLIERS, code="V9014")).json
    plex.delete("suppliers", {"code": "V9014"})
    assert (await caller.get(f"{SUPPLIERS}/{supplier['id']}/financials")).status == 404
    with pytest.raises(KeyError):
        plex.delete("suppliers", {"code": "V9014"})


async def test_the_control_surface_edits_too(caller: Caller) -> None:
    edit = {"set": "suppliers", "key": {"pcn": OTHER, "code": "V9010"}, "values": {"note": "Ω", "newField": [1]}}
    reply = await caller.send("POST", "/_control/update", {}, json=edit)
    assert (reply.json["pcn"], reply.json["note"], reply.json["newField"]) == (OTHER, "Ω", [1])
    state = await caller.send("GET", "/_control/state?set=suppliers", {})
    assert {row["pcn"] for row in state.json["sets"]["suppliers"]} == {HOME, OTHER}
    assert (await caller.send("GET", "/?set=ap-invoices&find=DUP", {})).status == 200
