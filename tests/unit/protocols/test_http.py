"""What one exchange promises: what was sent, what came back, and nothing beyond."""

from __future__ import annotations

import asyncio
import socket
from decimal import Decimal

import pytest

from ml_connector.errors import (
    ConfigurationError,
    ContractError,
    OutcomeUnknownError,
    RemoteFaultError,
    UnreachableError,
)
from ml_connector.protocols.http import Http, HttpSettings, Repeat, Request, origin_of, parse_http_date
from scripted_server import Reply, ScriptedServer

WRITES = [Repeat.IDENTIFIED, Repeat.NEVER]


def request_to(server: ScriptedServer, repeat: Repeat = Repeat.SAFE, method: str = "GET") -> Request:
    return Request(method, server.url(), repeat=repeat, label="order P1")


async def test_returns_status_headers_body_and_the_servers_request_id(server: ScriptedServer, http: Http) -> None:
    server.script(Reply(418, {"a": 1}, {"X-Request-ID": "abc"}))
    answer = await http.send(request_to(server))
    assert (answer.status, answer.json(), answer.request_id) == (418, {"a": 1}, "abc")
    assert answer.headers.get("content-type") == "application/json"
    assert answer.server_date is not None


async def test_fractions_are_exact_decimals(server: ScriptedServer, http: Http) -> None:
    server.script(Reply(body=b'{"amount": 12345678.905, "count": 3}'))
    assert (await http.send(request_to(server))).json() == {"amount": Decimal("12345678.905"), "count": 3}


async def test_the_url_is_sent_as_it_stands(server: ScriptedServer, http: Http) -> None:
    server.script(Reply(body={}))
    path = "/a%2Fb?$filter=Name%20eq%20'O''Neil%20%2B%20Co'&x=%41"
    await http.send(Request("GET", server.url(path)))
    assert server.seen[0].target == path


@pytest.mark.parametrize("fault", ["drop", "truncate", "stall"])
async def test_a_read_without_a_complete_answer_is_a_remote_fault(
    server: ScriptedServer, impatient: Http, fault: str
) -> None:
    server.script(Reply(body={"a": 1}, fault=fault))
    with pytest.raises(RemoteFaultError, match="order P1"):
        await impatient.send(request_to(server))


@pytest.mark.parametrize("repeat", WRITES)
@pytest.mark.parametrize("fault", ["drop", "truncate", "stall"])
async def test_a_write_without_a_complete_answer_is_unclear(
    server: ScriptedServer, impatient: Http, fault: str, repeat: Repeat
) -> None:
    server.script(Reply(body={"a": 1}, fault=fault))
    with pytest.raises(OutcomeUnknownError):
        await impatient.send(request_to(server, repeat, "POST"))


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST", "PATCH"])
async def test_a_dropped_pooled_connection_is_never_repeated_silently(
    server: ScriptedServer, http: Http, method: str
) -> None:
    server.script(Reply(body={}), Reply(fault="drop"), Reply(body={}))
    await http.send(request_to(server))
    with pytest.raises(OutcomeUnknownError):
        await http.send(request_to(server, Repeat.NEVER, method))
    assert len(server.seen) == 2


async def test_a_closed_port_is_surely_not_sent() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    async with Http(HttpSettings(allowed_origins=(url,))) as http:
        with pytest.raises(UnreachableError):
            await http.send(Request("POST", f"{url}/x", repeat=Repeat.NEVER))


async def test_an_unknown_name_is_surely_not_sent() -> None:
    async with Http(HttpSettings(allowed_origins=("http://nowhere.invalid",))) as http:
        with pytest.raises(UnreachableError):
            await http.send(Request("POST", "http://nowhere.invalid/x", repeat=Repeat.NEVER))


async def test_a_failed_tls_handshake_is_surely_not_sent(server: ScriptedServer) -> None:
    url = server.url("").replace("http:", "https:")
    async with Http(HttpSettings(allowed_origins=(url,), connect_timeout_s=2)) as http:
        with pytest.raises(UnreachableError):
            await http.send(Request("POST", f"{url}/x", repeat=Repeat.NEVER))


async def test_a_connection_that_does_not_come_about_is_surely_not_sent() -> None:
    """The listener accepts nothing: TCP connects, TLS never answers."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1)
    url = f"https://127.0.0.1:{listener.getsockname()[1]}"
    with listener:
        async with Http(HttpSettings(allowed_origins=(url,), connect_timeout_s=0.05)) as http:
            with pytest.raises(UnreachableError, match="in time"):
                await http.send(Request("POST", f"{url}/x", repeat=Repeat.NEVER))


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/x",
        "http://127.0.0.1:1/x",
        "http://{host}@evil.example/x",
        "http://user:word@{host}/x",
        "http://{host}.evil.example/x",
        "https://{host}/x",
        "/relative",
        "file:///etc/passwd",
        "http://[broken/x",
    ],
)
async def test_another_origin_is_refused_before_anything_is_sent(server: ScriptedServer, http: Http, url: str) -> None:
    with pytest.raises(ContractError):
        await http.send(Request("GET", url.format(host=server.url("")[len("http://") :])))
    assert server.seen == []


async def test_a_redirect_is_not_followed(server: ScriptedServer, http: Http) -> None:
    server.script(Reply(302, headers={"Location": server.url("/elsewhere")}))
    assert (await http.send(request_to(server))).status == 302
    assert len(server.seen) == 1


async def test_cookies_are_not_kept(server: ScriptedServer, http: Http) -> None:
    server.script(Reply(body={}, headers={"Set-Cookie": "session=1"}))
    await http.send(request_to(server))
    await http.send(request_to(server))
    assert "Cookie" not in server.seen[1].headers


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_over_the_limit_is_refused(server: ScriptedServer, announced: bool) -> None:
    reply = Reply(body=b"x" * 2000) if announced else Reply(body=b"x" * 2000, fault="truncate")
    server.script(reply)
    async with Http(HttpSettings(allowed_origins=(server.url(),), max_body_bytes=1000)) as http:
        with pytest.raises(ContractError, match="larger"):
            await http.send(request_to(server))
        with pytest.raises(OutcomeUnknownError):
            await http.send(request_to(server, Repeat.NEVER, "POST"))


async def test_an_error_tells_that_less_should_be_asked_for(server: ScriptedServer) -> None:
    """A list that cannot be had whole is asked for in parts."""
    server.script(Reply(body=b"x" * 2000))
    async with Http(HttpSettings(allowed_origins=(server.url(),), max_body_bytes=1000)) as small:
        with pytest.raises(ContractError) as too_big:
            await small.send(request_to(server))
    server.script(Reply(body={}, fault="stall"))
    async with Http(HttpSettings(allowed_origins=(server.url(),), read_timeout_s=0.05)) as hurried:
        with pytest.raises(RemoteFaultError) as timed_out:
            await hurried.send(request_to(server))
    assert too_big.value.fields["too_big"] is True
    assert timed_out.value.fields["timed_out"] is True


async def test_a_small_answer_that_unpacks_over_the_limit_is_refused(server: ScriptedServer) -> None:
    import gzip

    server.script(Reply(body=gzip.compress(b" " * 5_000_000), headers={"Content-Encoding": "gzip"}))
    async with Http(HttpSettings(allowed_origins=(server.url(),), max_body_bytes=100_000)) as http:
        with pytest.raises(ContractError, match="larger"):
            await http.send(request_to(server))


async def test_no_more_than_max_in_flight_at_a_time(server: ScriptedServer) -> None:
    under_way = most = 0

    class Counting(Reply):
        async def serve(self, request):  # type: ignore[no-untyped-def]
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.01)
            under_way -= 1
            return await super().serve(request)

    server.script(Counting(body={}))
    async with Http(HttpSettings(allowed_origins=(server.url(),), max_in_flight=3)) as http:
        await asyncio.gather(*(http.send(request_to(server)) for _ in range(12)))
    assert most == 3


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("<html>Sign in</html>", ContractError),
        (b'{"a": NaN}', ContractError),
        (b"\xff\xfe", ContractError),
        (b'{"rows": [1, 2', RemoteFaultError),
        (b"", RemoteFaultError),
    ],
)
async def test_a_read_that_is_not_json_is_refused(
    server: ScriptedServer, http: Http, body: str | bytes, error: type[Exception]
) -> None:
    server.script(Reply(body=body))
    answer = await http.send(request_to(server))
    with pytest.raises(error):
        answer.json()


async def test_a_write_answered_with_a_page_is_unclear(server: ScriptedServer, http: Http) -> None:
    server.script(Reply(body="<html>Maintenance</html>"))
    answer = await http.send(request_to(server, Repeat.NEVER, "POST"))
    with pytest.raises(OutcomeUnknownError):
        answer.json()


async def test_text_is_bounded(server: ScriptedServer, http: Http) -> None:
    server.script(Reply(body=b"\xc3\xa4" * 5000))
    assert (await http.send(request_to(server))).text(10) == "ä" * 10


async def test_a_missing_authority_file_is_a_configuration_error() -> None:
    settings = HttpSettings(allowed_origins=("https://x.example",), ca_file="/nowhere/ca.pem")
    with pytest.raises(ConfigurationError, match="authorities"):
        await Http(settings).__aenter__()


def test_a_base_address_must_be_an_address() -> None:
    with pytest.raises(ConfigurationError):
        origin_of("acme.example")
    assert origin_of("HTTPS://Acme.Example/base/") == origin_of("https://acme.example:443")


def test_the_proxys_password_is_not_shown() -> None:
    settings = HttpSettings(allowed_origins=("https://x.example",), proxy="http://u:hidden@p:1")
    assert "hidden" not in repr(settings)


@pytest.mark.parametrize("text", ["", "yesterday", "Sun, 99 Nov 1994 08:49:37 GMT", "Fri, 31 Dec 9999 23:59:59 -2359"])
def test_a_broken_date_is_none(text: str) -> None:
    assert parse_http_date(text) is None
