"""The Batch API: several requests in one, in order, not atomic (fact sheet section 3)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import msgspec
from multidict import CIMultiDict

from ..exchange import Answer, Call
from .instance import Instance
from .messages import RefusedError, json_answer, unreadable

ITEM_LIMIT = 5 * 1024 * 1024
ANSWER_LIMIT = 10 * 1024 * 1024


class Header(msgspec.Struct):
    """A header of an item."""

    name: str
    value: str


class Item(msgspec.Struct):
    """One request of a batch; its body is base64. Ids may be sent as numbers and come back as text (section 3)."""

    id: str | int
    method: str
    url: str
    headers: list[Header] = []
    body: str = ""
    exclude_response_headers: bool = False


class BatchRequest(msgspec.Struct):
    """What the caller sends."""

    batch_request_id: str | int
    rest_requests: list[Item]


decode = msgspec.json.Decoder(BatchRequest, strict=False).decode


async def serve(instance: Instance, call: Call, inner: Callable[[Call], Awaitable[Answer]]) -> Answer:
    """Serves the items one after the other until the call has cost 30 s; the rest is unserviced."""
    try:
        batch = decode(call.body)
    except msgspec.MsgspecError as fault:
        raise unreadable(str(fault)) from fault
    serviced: list[dict[str, Any]] = []
    unserviced: list[str] = []
    begun = instance.cost_ms
    size = 0
    for item in batch.rest_requests:
        if instance.cost_ms - begun >= instance.switches.batch_limit_ms or size > ANSWER_LIMIT:
            unserviced.append(str(item.id))
            continue
        before = instance.cost_ms
        answer = await _serve_item(call, item, inner)
        instance.batch_items += 1
        size += len(answer.body)
        serviced.append(_serviced(item, answer, instance.cost_ms - before))
    return json_answer(
        {
            "batch_request_id": str(batch.batch_request_id),
            "serviced_requests": serviced,
            "unserviced_requests": unserviced,
        }
    )


async def _serve_item(call: Call, item: Item, inner: Callable[[Call], Awaitable[Answer]]) -> Answer:
    """Serves an item as the caller of the batch; what is wrong with it is its own answer."""
    try:
        body = base64.b64decode(item.body, validate=True) if item.body else b""
    except binascii.Error as fault:
        return unreadable(f"body of {item.id} is no base64: {fault}").answer()
    if len(body) > ITEM_LIMIT:
        return RefusedError(413, "Request body too large").answer()
    path, _, query = item.url.partition("?")
    if not path.startswith("/"):
        path = f"/{path}"
    headers = CIMultiDict((header.name, header.value) for header in item.headers)
    for name in ("Authorization", "Host"):
        if name not in headers and name in call.headers:
            headers[name] = call.headers[name]
    return await inner(Call(item.method.upper(), path, query, headers, body, inner=True))


def _serviced(item: Item, answer: Answer, cost_ms: float) -> dict[str, Any]:
    """Returns an item's answer; match it by id, not by position."""
    served: dict[str, Any] = {
        "id": str(item.id),
        "body": base64.b64encode(answer.body).decode(),
        "status_code": answer.status,
        "status_text": _phrase(answer.status),
        "execution_time": round(cost_ms),
    }
    if not item.exclude_response_headers:
        served["headers"] = [{"name": str(name), "value": value} for name, value in answer.headers.items()]
    if answer.status >= 400:
        served["error_message"] = _message(answer)
    return served


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _message(answer: Answer) -> str:
    try:
        return str(msgspec.json.decode(answer.body)["error"]["message"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return ""
