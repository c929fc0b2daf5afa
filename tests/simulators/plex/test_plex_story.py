"""The story in both plants, and every awkward record that Plex can express."""

from ml_connector_simulators.plex import PlexSimulator
from ml_connector_simulators.plex.values import guid
from simulators.plex.plex_caller import ACCOUNTS, HOME, INVOICES, ORDERS, OTHER, RELEASES, SUPPLIERS, Caller


async def test_every_plant_is_complete_in_itself(caller: Caller, plex: PlexSimulator) -> None:
    for pcn in (HOME, OTHER):
        held = {name: [r for r in rows if r["pcn"] == pcn] for name, rows in plex.truth().items()}
        suppliers = {r["id"]: r["code"] for r in held["suppliers"]}
        orders = {r["id"] for r in held["purchase-orders"]}
        lines = {r["id"] for r in held["line-items"]}
        assert {r["supplierId"] for r in held["purchase-orders"]} <= set(suppliers)
        assert all(suppliers[r["supplierId"]] == r["supplierCode"] for r in held["ap-invoices"])
        assert {r["poId"] for r in held["line-items"]} <= orders
        assert {r["poLineItemId"] for r in held["releases"]} == lines
        assert held["parts"] and held["buildings"] and held["departments"] and held["chart-of-accounts"]


async def test_story_and_plex_hold_the_same(plex: PlexSimulator) -> None:
    counts = {name: len(rows) for name, rows in plex.truth().items()}
    assert counts["purchase-orders"] == len(plex.story.orders)
    assert counts["ap-invoices"] == len(plex.story.invoices)
    assert counts["suppliers"] == 2 * (len(plex.story.suppliers) + 2)
    assert counts["releases"] == sum(len(order.lines) for order in plex.story.orders)
    by_key = {(r["pcn"], r["poNumber"]): r for r in plex.truth()["purchase-orders"]}
    for order in plex.story.orders:
        row = by_key[{"10": HOME, "20": OTHER}[order.company], order.number]
        assert order.status == "cancelled" or row["lineItemTotal"] == order.net
    by_voucher = {(r["pcn"], r["voucherNumber"]): r for r in plex.truth()["ap-invoices"]}
    for invoice in plex.story.invoices:
        row = by_voucher[{"10": HOME, "20": OTHER}[invoice.company], str(invoice.id)]
        assert (row["foreignCurrencyAmount"], row["invoiceNumber"]) == (invoice.gross, invoice.number)


async def test_guids_depend_on_the_plant_and_nothing_else(plex: PlexSimulator) -> None:
    other = PlexSimulator(seed=1, start=plex.clock.now())
    assert [r["id"] for r in other.truth()["ap-invoices"]] == [r["id"] for r in plex.truth()["ap-invoices"]]
    ids = [r["id"] for r in plex.truth()["suppliers"] if r["code"] == "V9010"]
    assert ids == [guid(HOME, "suppliers", "V9010"), guid(OTHER, "suppliers", "V9010")]


async def test_one_order_number_in_both_plants(caller: Caller) -> None:
    [number] = caller.story.awkward_ids("po_number_in_two_pcns")
    here, there = await caller.order(number, HOME), await caller.order(number, OTHER)
    assert (here["currencyCode"], there["currencyCode"]) == ("EUR", "USD")
    assert here["id"] != there["id"] and here["lineItemTotal"] != there["lineItemTotal"]


async def test_one_voucher_number_in_both_plants(caller: Caller) -> None:
    assert (await caller.invoice(9001, HOME))["id"] != (await caller.invoice(9001, OTHER))["id"]


async def test_a_cancelled_release_does_not_count(caller: Caller) -> None:
    [number] = caller.story.awkward_ids("po_cancelled_release")
    order = await caller.order(number)
    releases = (await caller.get(RELEASES, pOId=order["id"])).json
    assert sorted((r["quantity"], r["status"]) for r in releases) == [(5.0, "Cancelled"), (10.0, "Open")]
    [line] = await caller.lines(number)
    assert order["lineItemTotal"] == 10 * line["unitPrice"]


async def test_awkward_suppliers(caller: Caller) -> None:
    rows = {r["code"]: r for r in (await caller.get(SUPPLIERS)).json}
    assert rows["V9007 "]["name"] == "Blank Number Supplies AB"
    assert rows["V9008"]["name"] is None
    assert rows["V9009"]["loadingGate"] == "7"
    assert rows["000417"]["id"] != rows["417"]["id"]
    assert rows["CARR01"]["type"] == "Carrier"
    assert (await caller.get(SUPPLIERS, code="V9007 ")).json == [rows["V9007 "]]


async def test_awkward_accounts(caller: Caller) -> None:
    off = {r["accountNumber"]: r["inactiveDate"] for r in (await caller.get(ACCOUNTS, active="false")).json}
    assert off["6980-220-00"] == "2026-11-08T00:00:00Z"  # the day after its last, and the day of its invoice
    assert off["6970-220-00"] == "2026-11-09T00:00:00Z"
    assert off["6310-980-00"] == "2026-11-08T00:00:00Z"
    assert "6990-220-00" in off and "6310-970-00" in off
    departments = {r["departmentNo"]: r["active"] for r in (await caller.get("/mdm/v1/departments")).json}
    assert (departments[980], departments[970], departments[220]) == (False, False, True)


async def test_awkward_documents(caller: Caller) -> None:
    empty = await caller.order("P9001")
    assert (empty["lineItemCount"], empty["lineItemTotal"], await caller.lines("P9001")) == (0, 0, [])
    assert (await caller.order("P9015"))["lineItemTotal"] == 310
    assert [x["lineItemNumber"] for x in await caller.lines("P9012")] == list(range(1, 13))
    assert (await caller.order("P9014"))["loadingGate"] == "7"
    assert (await caller.invoice(9025))["invoiceNumber"] is None
    unknown = await caller.invoice(9013)
    assert unknown["poNumber"] == "P7777777"
    assert (await caller.get(f"{ORDERS}/{unknown['poId']}")).status == 404
    assert len((await caller.get(INVOICES, invoiceNumber="DUP-1")).json) == 2
    assert "number_twice_other_series" not in {a.key for a in caller.story.awkward}
