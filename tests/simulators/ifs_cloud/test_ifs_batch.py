"""Fact sheet IFS §3: `$batch`."""

import json

from ml_connector_simulators.ifs_cloud import IfsCloudSimulator
from simulators.ifs_cloud.ifs_caller import INT, ORDERS, Caller, Reply

BATCH = INT + "PurchaseOrderHandling.svc/$batch"
NEW = {"Company": "10", "Contract": "H1", "VendorNo": "V9010", "CurrencyCode": "EUR"}


def request(method: str, url: str, body: object = None, content_id: str = "", **headers: str) -> str:
    """One part of a multipart body."""
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    if content_id:
        lines.append(f"Content-ID: {content_id}")
    lines += ["", f"{method} {url} HTTP/1.1", "Content-Type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", json.dumps(body) if body is not None else ""])


def multipart(boundary: str, parts: list[str]) -> str:
    return "".join(f"--{boundary}\r\n{part}\r\n" for part in parts) + f"--{boundary}--\r\n"


def change_set(*parts: str) -> str:
    return "Content-Type: multipart/mixed; boundary=cs\r\n\r\n" + multipart("cs", list(parts))


async def send(caller: Caller, *parts: str, **headers: str) -> Reply:
    headers["Content-Type"] = "multipart/mixed; boundary=b1"
    return await caller.send("POST", BATCH, data=multipart("b1", list(parts)).encode(), headers=headers)


def statuses(reply: Reply) -> list[int]:
    return [int(line.split()[1]) for line in reply.text.splitlines() if line.startswith("HTTP/1.1")]


async def test_outer_200_and_inner_statuses_in_order(caller: Caller, ifs: IfsCloudSimulator) -> None:
    ifs.journal.reset()
    reply = await send(
        caller, request("GET", "PurchaseOrderSet(OrderNo='P9001')"), request("GET", INT + ORDERS + "?$top=1")
    )
    assert (reply.status, statuses(reply)) == (200, [200, 200])
    counts = ifs.journal.counts()
    assert (counts.total, counts.inner_total, counts.by_kind) == (1, 2, {"read": 1})


async def test_first_failure_ends_the_batch_unless_told_otherwise(caller: Caller) -> None:
    parts = [request("GET", "PurchaseOrderSet(OrderNo='none')"), request("GET", "PurchaseOrderSet?$top=1")]
    assert statuses(await send(caller, *parts)) == [404]
    assert statuses(await send(caller, *parts, Prefer="odata.continue-on-error")) == [404, 200]


async def test_change_sets_are_all_or_nothing(caller: Caller, ifs: IfsCloudSimulator) -> None:
    before = [dict(row) for row in ifs.truth()["PurchaseOrderSet"]]
    reply = await send(
        caller,
        change_set(
            request("POST", "PurchaseOrderSet", {**NEW, "OrderNo": "B1"}, "1"),
            request("PATCH", "PurchaseOrderSet(OrderNo='P9020')", {"NoteText": "x"}, "2", If_Match="*"),
            request("DELETE", "PurchaseOrderSet(OrderNo='P9001')", None, "3", If_Match="*"),
            request("PATCH", "PurchaseOrderSet(OrderNo='P9003')", {"NoteText": "x"}, "4", If_Match='W/"stale"'),
        ),
    )
    assert (reply.status, statuses(reply)) == (200, [412])
    after = ifs.truth()["PurchaseOrderSet"]
    by_number = sorted(after, key=lambda row: str(row["OrderNo"]))
    assert by_number == sorted(before, key=lambda row: str(row["OrderNo"]))


async def test_content_id_refers_to_the_created_row_and_its_etag(caller: Caller) -> None:
    reply = await send(
        caller,
        change_set(
            request("POST", "PurchaseOrderSet", {**NEW, "OrderNo": "B2"}, "1"),
            request("PATCH", "$1", {"NoteText": "by content id"}, "2", If_Match="$1"),
        ),
    )
    assert statuses(reply) == [201, 200]
    assert (await caller.get(ORDERS + "(OrderNo='B2')")).json["NoteText"] == "by content id"


async def test_no_get_inside_a_change_set(caller: Caller) -> None:
    assert statuses(await send(caller, change_set(request("GET", "PurchaseOrderSet?$top=1")))) == [400]


async def test_json_batch_is_415_unless_switched_on(caller: Caller, ifs: IfsCloudSimulator) -> None:
    body = {"requests": [{"id": "1", "method": "GET", "url": "PurchaseOrderSet(OrderNo='P9001')"}]}
    assert (await caller.send("POST", BATCH, json=body)).status == 415
    ifs.set_switches(json_batch=True)
    reply = await caller.send("POST", BATCH, json=body)
    [inner] = reply.json["responses"]
    assert (inner["id"], inner["status"], inner["body"]["OrderNo"]) == ("1", 200, "P9001")


async def test_a_batch_counts_once_for_the_rate(caller: Caller, ifs: IfsCloudSimulator) -> None:
    ifs.set_switches(requests_per_minute=2)
    part = request("GET", "PurchaseOrderSet?$top=1")
    assert statuses(await send(caller, *[part] * 5)) == [200] * 5
    assert (await send(caller, part)).status == 200
    assert (await send(caller, part)).status == 429


async def test_malformed_batches_are_400(caller: Caller) -> None:
    assert (await caller.send("POST", BATCH, data=b"x", headers={"Content-Type": "multipart/mixed"})).status == 400
    assert (await send(caller, "Content-Type: text/plain\r\n\r\nhello")).status == 400
    assert (await caller.get(BATCH)).status in (404, 405)
