"""Fact sheet IFS §3: rows, keys, filters, orders, pages."""

import base64
import re

import pytest

from ml_connector_simulators.ifs_cloud import IfsCloudSimulator
from simulators.ifs_cloud.ifs_caller import HEADS, MAIN, ORDERS, Caller


async def numbers(caller: Caller, expression: str) -> list[str]:
    """The order numbers that a filter finds, sorted."""
    reply = await caller.get(f"{ORDERS}?$filter={expression}&$orderby=OrderNo")
    assert reply.status == 200, reply.text
    return [row["OrderNo"] for row in reply.rows]


async def test_row_extras(caller: Caller) -> None:
    row = (await caller.get(HEADS + "(Company='10',InvoiceId=9001)")).json
    assert row["luname"] == "PostingProposalHead"
    assert row["keyref"] == "COMPANY=10^INVOICE_ID=9001^"
    assert "Objgrants" in row
    assert row["Objstate"] == "Posted"


async def test_etag_hides_row_id_and_objversion(caller: Caller) -> None:
    reply = await caller.get(ORDERS + "(OrderNo='P9001')")
    assert reply.headers["ETag"] == reply.json["@odata.etag"]
    found = re.fullmatch(r'W/"(.+)"', reply.headers["ETag"])
    assert found
    assert re.fullmatch(r'W/"AAA\w+:\d{14}"', base64.b64decode(found[1]).decode())
    account = await caller.get("AccountsHandling.svc/AccountSet(Company='10',Account='4010')")
    found = re.fullmatch(r'W/"(.+)"', account.headers["ETag"])
    assert found
    assert base64.b64decode(found[1]).decode().endswith(':1"')


async def test_custom_fields_come_unannounced_and_missing_values_are_null(caller: Caller) -> None:
    assert (await caller.get(ORDERS + "(OrderNo='P9014')")).json["Cf_Loading_Gate"] == "7"
    assert (await caller.get(HEADS + "(Company='10',InvoiceId=9025)")).json["InvoiceNo"] is None


async def test_decimals_keep_their_digits(caller: Caller) -> None:
    text = (await caller.get(HEADS + "(Company='10',InvoiceId=9009)")).text
    assert '"NetCurrAmount":12345678.905,' in text


async def test_ieee754_compatible_makes_numbers_strings(caller: Caller) -> None:
    accept = "application/json;IEEE754Compatible=true"
    reply = await caller.get(HEADS + "?$filter=InvoiceId eq 9009", Accept=accept)
    assert (reply.rows[0]["NetCurrAmount"], reply.rows[0]["InvoiceId"]) == ("12345678.905", "9009")
    one = await caller.get(HEADS + "(Company='10',InvoiceId=9009)", Accept=accept)
    assert one.json["NetCurrAmount"] == "12345678.905"


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("(Company='10',InvoiceId=9001)", 200),
        ("(InvoiceId=9001,Company='10')", 200),
        ("(Company='10',InvoiceId=1)", 404),
        ("(InvoiceId=9001)", 400),
        ("(Company='10',InvoiceId='9001')", 400),
        ("(Company=10,InvoiceId=9001)", 400),
        ("(Company='10',InvoiceId=9001,Nothing=1)", 400),
        ("(Company='10',InvoiceId=9001,PartyType=IfsApp.PostingProposalHandling.PartyType'Supplier')", 200),
    ],
)
async def test_keys(caller: Caller, key: str, status: int) -> None:
    assert (await caller.get(HEADS + key)).status == status


async def test_quotes_in_keys_are_doubled_then_encoded(caller: Caller, ifs: IfsCloudSimulator) -> None:
    ifs.insert("SupplierInfoGeneralSet", {"SupplierId": "O'B/1", "Name": "x"})
    reply = await caller.get("SupplierHandling.svc/SupplierInfoGeneralSet(SupplierId='O%27%27B%2F1')")
    assert reply.json["SupplierId"] == "O'B/1"


async def test_blanks_and_zeros_in_keys_count(caller: Caller) -> None:
    path = "SupplierHandling.svc/SupplierInfoGeneralSet(SupplierId='{}')"
    assert (await caller.get(path.format("V9007%20"))).status == 200
    assert (await caller.get(path.format("V9007"))).status == 404
    assert (await caller.get(path.format("000417"))).json["Name"] != (await caller.get(path.format("417"))).json["Name"]


async def test_comparisons_and_logic(caller: Caller) -> None:
    assert await numbers(caller, "OrderNo eq 'P9001' or OrderNo eq 'P9002'") == ["P9001", "P9002"]
    assert await numbers(caller, "OrderNo gt 'P9018' and OrderNo le 'P9020'") == ["P9019", "P9020"]
    assert await numbers(caller, "not (OrderNo ne 'P9001')") == ["P9001"]
    assert await numbers(caller, "CurrencyCode eq null") == ["P9016"]
    assert await numbers(caller, "CurrencyCode eq 'JPY' and NetAmount ge 52800") == ["P9010"]
    assert await numbers(caller, "OrderDate lt 2025-09-01") == ["P9017"]
    assert await numbers(caller, "DateEntered lt 2025-09-01T00:00:00Z") == ["P9017"]


async def test_a_chain_of_equal_keys(caller: Caller) -> None:
    chain = " or ".join(f"(Company eq '10' and InvoiceId eq {n})" for n in range(9001, 9011))
    rows = (await caller.get(f"{HEADS}?$filter={chain}&$orderby=Company,InvoiceId")).rows
    assert [row["InvoiceId"] for row in rows] == list(range(9001, 9011))


async def test_string_functions(caller: Caller) -> None:
    assert await numbers(caller, "startswith(OrderNo,'P901') and endswith(OrderNo,'2')") == ["P9012"]
    assert await numbers(caller, "contains(tolower(VendorName),'東京')") == ["P9010"]
    assert await numbers(caller, "length(OrderNo) eq 5 and substring(OrderNo,1,3) eq '902'") == ["P9020"]
    assert await numbers(caller, "indexof(OrderNo,'9019') eq 1 or concat(OrderNo,'x') eq 'P9001x'") == [
        "P9001",
        "P9019",
    ]


async def test_enumerations_are_qualified_with_the_projection(caller: Caller) -> None:
    literal = "IfsApp.PurchaseOrderHandling.PurchaseOrderState'Cancelled'"
    assert await numbers(caller, f"Objstate eq {literal}") == ["P9002"]
    other = literal.replace("PurchaseOrderHandling", "OtherHandling")
    assert (await caller.get(f"{ORDERS}?$filter=Objstate eq {other}")).status == 400
    assert (await caller.get(f"{ORDERS}?$filter=Objstate eq 'Cancelled'")).status == 400


async def test_state_filter_may_be_refused(caller: Caller, ifs: IfsCloudSimulator) -> None:
    ifs.set_switches(state_filter_refused=True)
    path = f"{ORDERS}?$filter=Objstate eq IfsApp.PurchaseOrderHandling.PurchaseOrderState'Closed'"
    assert (await caller.get(path)).status == 400


@pytest.mark.parametrize(
    "expression",
    [
        "OrderNo in ('P9001','P9002')",
        "NetAmount mod 2 eq 0",
        "Objstate has IfsApp.PurchaseOrderHandling.PurchaseOrderState'Closed'",
        "PurchaseOrderLineNopartArray/any(l:l/LineNo eq '1')",
        "PurchaseOrderLineNopartArray/$count gt 1",
        "NetAmount add 1 gt 2",
        "round(NetAmount) eq 2",
        "year(OrderDate) eq 2026",
        "DateEntered gt now()",
    ],
)
async def test_unsupported_filters_are_501(caller: Caller, expression: str) -> None:
    reply = await caller.get(f"{ORDERS}?$filter={expression}")
    assert (reply.status, reply.code) == (501, "ODP_NOT_IMPLEMENTED")


@pytest.mark.parametrize(
    "expression",
    [
        "OrderNo eq P9001",
        "OrderNo eq 'P9001",
        "OrderNo eq",
        "OrderNo 'P9001'",
        "(OrderNo eq 'P9001'",
        "Nothing eq 'x'",
        "OrderNo eq 5",
        "NetAmount eq '5'",
        "OrderDate ge 2026-01-01T00:00:00Z",
        "DateEntered ge 2026-01-01",
        "nonsense(OrderNo) eq 'x'",
        "OrderDate ge 2026-02-30",
    ],
)
async def test_wrong_filters_are_400(caller: Caller, expression: str) -> None:
    reply = await caller.get(f"{ORDERS}?$filter={expression}")
    assert (reply.status, reply.code) == (400, "ODP_BAD_REQUEST")


async def test_or_chains_have_forty_terms_at_most(caller: Caller) -> None:
    def chain(count: int) -> str:
        return " or ".join(f"OrderNo eq 'P{n}'" for n in range(count))

    assert (await caller.get(f"{ORDERS}?$filter={chain(40)}")).status == 200
    assert (await caller.get(f"{ORDERS}?$filter={chain(41)}")).status == 400


async def test_a_raw_plus_is_a_blank(caller: Caller) -> None:
    from yarl import URL

    path = f"{caller.sim.url}{MAIN}{ORDERS}?$filter=OrderNo+eq+'P9001'"
    reply = await caller.get(str(URL(path, encoded=True)))
    assert [row["OrderNo"] for row in reply.rows] == ["P9001"]


@pytest.mark.parametrize("option", ["$apply=x", "$search=x", "$compute=x"])
async def test_refused_options_are_501(caller: Caller, option: str) -> None:
    assert (await caller.get(f"{ORDERS}?{option}")).status == 501


@pytest.mark.parametrize("option", ["$nothing=x", "$top=-1", "$top=x", "$count=yes", "$orderby=Nope", "$select=Nope"])
async def test_wrong_options_are_400(caller: Caller, option: str) -> None:
    assert (await caller.get(f"{ORDERS}?{option}")).status == 400


async def test_select_keeps_the_etag(caller: Caller, ifs: IfsCloudSimulator) -> None:
    row = (await caller.get(ORDERS + "?$select=OrderNo&$top=1")).rows[0]
    assert set(row) == {"@odata.etag", "OrderNo"}
    ifs.set_switches(select_refused=["PurchaseOrderHandling"])
    assert (await caller.get(ORDERS + "?$select=OrderNo")).status == 400


async def test_orderby_top_and_skip(caller: Caller) -> None:
    rows = (await caller.get(ORDERS + "?$orderby=OrderNo desc&$skip=1&$top=2")).rows
    assert [row["OrderNo"] for row in rows] == ["P9019", "P9018"]


async def test_line_numbers_sort_as_text(caller: Caller) -> None:
    base = "PurchaseOrderHandling.svc/PurchaseOrderLineNopartSet"
    rows = (await caller.get(f"{base}?$filter=OrderNo eq 'P9012'&$orderby=LineNo")).rows
    assert [row["LineNo"] for row in rows] == ["10", "12", "2", "4", "6", "8"]


async def test_count_is_uneven(caller: Caller, ifs: IfsCloudSimulator) -> None:
    total = len(ifs.story.orders)
    assert (await caller.get(ORDERS + "?$count=true&$top=1")).json["@odata.count"] == total
    lines = "PurchaseOrderHandling.svc/PurchaseOrderLineNopartSet?$count=true"
    assert "@odata.count" not in (await caller.get(lines)).json
    ifs.set_switches(count="always")
    assert "@odata.count" in (await caller.get(lines)).json
    ifs.set_switches(count="never")
    assert "@odata.count" not in (await caller.get(ORDERS + "?$count=true")).json
    assert (await caller.get(ORDERS + "/$count")).status == 501


async def test_pages_follow_the_next_link(caller: Caller, ifs: IfsCloudSimulator) -> None:
    ifs.set_switches(page_limit=25)
    first = await caller.get(HEADS + "?$filter=Company eq '10'&$top=60&$orderby=Company,InvoiceId")
    assert len(first.rows) == 25
    link = first.json["@odata.nextLink"]
    assert link.startswith(ifs.url)
    assert "$filter=" in link
    assert "$skiptoken=" in link
    rows = await caller.all(HEADS + "?$filter=Company eq '10'&$top=60&$orderby=Company,InvoiceId")
    assert len(rows) == len({row["InvoiceId"] for row in rows}) == 60


async def test_page_limit_holds_and_prefer_makes_pages_smaller(caller: Caller, ifs: IfsCloudSimulator) -> None:
    ifs.set_switches(page_limit=25)
    assert len((await caller.get(HEADS, Prefer="odata.maxpagesize=7")).rows) == 7
    assert len((await caller.get(HEADS, Prefer="odata.maxpagesize=5000")).rows) == 25
    assert "@odata.nextLink" not in (await caller.get(HEADS + "?$top=25")).json


async def test_next_link_relative_or_none(caller: Caller, ifs: IfsCloudSimulator) -> None:
    ifs.set_switches(page_limit=25, next_link="relative")
    link = (await caller.get(HEADS)).json["@odata.nextLink"]
    assert link.startswith("PostingProposalHeadSet?")
    assert len((await caller.get("PostingProposalHandling.svc/" + link)).rows) == 25
    ifs.set_switches(next_link="none")
    reply = await caller.get(HEADS)
    assert (len(reply.rows), "@odata.nextLink" in reply.json) == (25, False)


async def test_without_orderby_the_order_differs_per_query(caller: Caller, ifs: IfsCloudSimulator) -> None:
    ifs.set_switches(page_limit=25)
    orders = [[row["OrderNo"] for row in await caller.all(ORDERS)] for _ in range(2)]
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])
    ifs.set_switches(order_without_orderby="per_page")
    loose = [row["OrderNo"] for row in await caller.all(ORDERS)]
    assert len(set(loose)) < len(loose)  # some repeat, others are missed


async def test_ties_of_orderby_differ_per_query(caller: Caller) -> None:
    orders = [[r["OrderNo"] for r in (await caller.get(ORDERS + "?$orderby=Company")).rows] for _ in range(2)]
    assert orders[0] != orders[1]


@pytest.mark.parametrize(("kind", "missed"), [("offset", 1), ("snapshot", 0)])
async def test_a_row_deleted_between_pages(caller: Caller, ifs: IfsCloudSimulator, kind: str, missed: int) -> None:
    ifs.set_switches(page_limit=25, skiptoken=kind)
    first = await caller.get(ORDERS + "?$orderby=OrderNo")
    seen = {row["OrderNo"] for row in first.rows}
    ifs.delete("PurchaseOrderSet", {"OrderNo": min(seen)})
    seen |= {row["OrderNo"] for row in await caller.all(first.json["@odata.nextLink"])}
    assert len({o.number for o in ifs.story.orders} - seen) == missed


async def test_wrong_skiptoken_is_400(caller: Caller) -> None:
    assert (await caller.get(ORDERS + "?$skiptoken=nonsense")).status == 400


async def test_error_message_may_be_an_object(caller: Caller, ifs: IfsCloudSimulator) -> None:
    ifs.set_switches(error_message="value")
    reply = await caller.get(ORDERS + "(OrderNo='none')")
    assert "does not exist" in reply.json["error"]["message"]["value"]
