"""Addresses and bodies are encoded once and exactly."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.errors import OutcomeUnknownError
from ml_connector.protocols.auth import NoAuth
from ml_connector.protocols.http import Http, Repeat
from ml_connector.protocols.rest import RestClient, encode_parameters, encode_segment
from ml_connector.protocols.session import Session
from scripted_server import Reply, ScriptedServer

TEXTS = st.text(st.characters(codec="utf-8"))


@given(st.lists(st.tuples(TEXTS.filter(bool), TEXTS)))
def test_any_text_survives_a_query(pairs: list[tuple[str, str]]) -> None:
    encoded = encode_parameters(pairs)
    assert "+" not in encoded
    assert parse_qsl(encoded, keep_blank_values=True) == pairs


@given(TEXTS.filter(lambda text: text not in (".", "..")))
def test_any_text_survives_as_one_segment(text: str) -> None:
    encoded = encode_segment(text)
    assert not set("/?#") & set(encoded)
    assert unquote(encoded) == text


def test_dots_cannot_leave_the_path() -> None:
    with pytest.raises(ValueError, match="segment"):
        encode_segment("..")


def test_values_are_written_plainly() -> None:
    values: dict[str, Any] = {
        "d": date(2026, 2, 1),
        "t": datetime(2026, 2, 1, 8, 30, tzinfo=UTC),
        "m": Decimal("1E+3"),
        "b": True,
        "i": 7,
        "n": None,
    }
    assert encode_parameters(values) == "d=2026-02-01&t=2026-02-01T08:30:00Z&m=1000&b=true&i=7"


@pytest.mark.parametrize("value", [1.5, b"x", datetime(2026, 2, 1)])  # noqa: DTZ001 - refused for that
def test_what_is_not_exact_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        encode_parameters({"x": value})


@pytest.mark.parametrize(
    ("decimals", "text"), [("number", b'{"amount":12345678.905}'), ("string", b'{"amount":"12345678.905"}')]
)
async def test_amounts_in_bodies_are_exact(server: ScriptedServer, http: Http, decimals: str, text: bytes) -> None:
    server.script(Reply(201, {}))
    client = RestClient(Session(http, NoAuth()), server.url("/api/"), decimals=decimals)  # type: ignore[arg-type]
    await client.post("/rows", {"amount": Decimal("12345678.905")}, {"view": "a b"}, headers={"X": "1"})
    seen = server.seen[0]
    assert (seen.method, seen.target, seen.body) == ("POST", "/api/rows?view=a%20b", text)
    assert (seen.headers["Content-Type"], seen.headers["X"]) == ("application/json", "1")


async def test_a_write_is_never_repeated_unless_told(server: ScriptedServer, http: Http) -> None:
    server.script(Reply(500), Reply(200, {}))
    client = RestClient(Session(http, NoAuth()), server.url("/api"))
    with pytest.raises(OutcomeUnknownError):
        await client.patch("rows/1", {})
    server.script(Reply(500), Reply(200, {}))
    assert (await client.patch("rows/1", {}, repeat=Repeat.IDENTIFIED)).status == 200


async def test_a_read_has_no_body_and_joins_its_parameters(server: ScriptedServer, http: Http) -> None:
    server.script(Reply(body=[]))
    client = RestClient(Session(http, NoAuth()), server.url("/api"))
    assert (await client.get("rows?a=1", {"b": 2}, expect=frozenset({200}))).json() == []
    assert server.seen[0].target == "/api/rows?a=1&b=2"
    assert "Content-Type" not in server.seen[0].headers
