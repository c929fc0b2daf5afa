"""The one table: what a status means for a read and for a write."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from ml_connector import errors
from ml_connector.protocols.http import Repeat, Request, Response
from ml_connector.protocols.status import StatusTable, plain_explanation


def answer(status: int, body: bytes = b"{}", repeat: Repeat = Repeat.SAFE, **headers: str) -> Response:
    request = Request("POST", "https://acme.example/orders?secret=1", repeat=repeat)
    named = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Response(status, CIMultiDictProxy(CIMultiDict(named)), body, request.url, 0.1, "r1", request)


def judged(table: StatusTable, response: Response) -> type[Exception] | None:
    error = table.judge(response, response.request)
    return type(error) if error else None


@pytest.mark.parametrize(
    ("status", "read", "write"),
    [
        (200, None, None),
        (204, None, None),
        (202, errors.RemoteFaultError, errors.OutcomeUnknownError),
        (302, errors.ContractError, errors.ContractError),
        (400, errors.ContractError, errors.RefusedError),
        (401, errors.AuthenticationError, errors.AuthenticationError),
        (403, errors.PermissionMissingError, errors.PermissionMissingError),
        (404, errors.ModuleMissingError, errors.ModuleMissingError),
        (408, errors.RemoteFaultError, errors.OutcomeUnknownError),
        (409, errors.ContractError, errors.RefusedError),
        (412, errors.StaleVersionError, errors.StaleVersionError),
        (418, errors.ContractError, errors.ContractError),
        (422, errors.ContractError, errors.RefusedError),
        (425, errors.RemoteFaultError, errors.RemoteFaultError),
        (428, errors.StaleVersionError, errors.StaleVersionError),
        (429, errors.RateLimitedError, errors.RateLimitedError),
        (500, errors.RemoteFaultError, errors.OutcomeUnknownError),
        (501, errors.ContractError, errors.ContractError),
        (503, errors.RemoteFaultError, errors.OutcomeUnknownError),
    ],
)
def test_the_default_table(status: int, read: type[Exception] | None, write: type[Exception] | None) -> None:
    assert judged(StatusTable(), answer(status)) is read
    for repeat in (Repeat.NEVER, Repeat.IDENTIFIED):
        assert judged(StatusTable(), answer(status, repeat=repeat)) is write


def test_an_expected_status_is_an_answer() -> None:
    request = Request("GET", "https://acme.example/x", expect=frozenset({200, 404}))
    assert StatusTable().judge(answer(404), request) is None
    assert isinstance(StatusTable().judge(answer(204), request), errors.ContractError)


def test_a_connector_overrides_entries_in_data() -> None:
    def look_closer(response: Response, request: Request) -> errors.MLConnectorError | None:
        return errors.RefusedError("no") if b"error" in response.body else None

    table = StatusTable({403: errors.RefusedError, 200: look_closer})
    assert judged(table, answer(403)) is errors.RefusedError
    assert judged(table, answer(200, b'{"error":1}')) is errors.RefusedError
    assert judged(table, answer(200)) is None


def test_the_message_says_what_and_the_fields_where() -> None:
    error = StatusTable().judge(answer(403, b'{"error":{"message":"No","detail":"role x"}}'), answer(403).request)
    assert error is not None
    assert str(error) == (
        "POST /orders: a permission is missing (403). It said: No: role x Grant it to the user of this connection."
    )
    assert error.fields == {"status": 403, "request_id": "r1"}


@pytest.mark.parametrize("body", [b"", b'{"rows":[1,2', b'[{"a":1}'])
def test_a_json_answer_without_its_end_is_cut_off(body: bytes) -> None:
    assert judged(StatusTable(), answer(200, body)) is errors.RemoteFaultError
    assert judged(StatusTable(), answer(201, body, Repeat.NEVER)) is errors.OutcomeUnknownError


def test_retry_after_goes_along() -> None:
    limited = StatusTable().judge(answer(429, Retry_After="9"), answer(429).request)
    assert isinstance(limited, errors.RateLimitedError)
    assert limited.retry_after_s == 9
    away = StatusTable().judge(answer(503, Retry_After="8"), answer(503).request)
    assert away is not None
    assert away.fields["retry_after_s"] == 8


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", ""),
        (b"<html><style>x{}</style><h1>Out of order</h1></html>", "Out of order"),
        (b'{"error":"invalid_client","error_description":"wrong"}', "invalid_client: wrong"),
        (b'{"error":{"code":"X","message":{"value":"No"},"details":[{"message":"ORA-1"}]}}', "No: ORA-1"),
        (b'{"errors":["a","b"]}', "a; b"),
        (b"[]", ""),
    ],
)
def test_the_other_sides_words_are_found(body: bytes, text: str) -> None:
    assert plain_explanation(answer(400, body)) == text
