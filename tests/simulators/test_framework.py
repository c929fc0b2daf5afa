"""What every simulator shares, tried on the smallest one that can be."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import msgspec
import pytest

from ml_connector_simulators import exact_json
from ml_connector_simulators.clock import SimulatedClock
from ml_connector_simulators.exchange import Answer, Call, Label
from ml_connector_simulators.framework import Simulator, Switches
from ml_connector_simulators.registry import simulator_class

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class ShelfSwitches(Switches):
    polite: bool = True


class Shelf(Simulator):
    """Keeps books: GET lists them, POST adds one."""

    system = "shelf"
    title = "A shelf"
    default_port = 0
    switches: ShelfSwitches

    def __init__(self) -> None:
        super().__init__(start=START)
        self.switches = ShelfSwitches()
        self.books: list[dict[str, Any]] = [{"title": "Faust <I>", "price": Decimal("12.50")}]

    async def answer(self, call: Call) -> Answer:
        if call.path == "/both":
            inner = [await self.answer_inner(Call("GET", "/books", inner=True)) for _ in range(2)]
            return Answer.json([a.status for a in inner])
        if call.method == "POST":
            self.books.append(call.json())
            return Answer.json({}, 201)
        return Answer.json(self.books)

    def classify(self, call: Call) -> Label:
        return Label("read" if call.method == "GET" else "write", "books")

    def truth(self) -> dict[str, list[dict[str, Any]]]:
        return {"books": self.books}

    def settings(self) -> dict[str, object]:
        return {}

    def credentials(self) -> dict[str, object]:
        return {}


@pytest.fixture
async def shelf() -> AsyncIterator[Shelf]:
    async with Shelf() as shelf:
        yield shelf


@pytest.fixture
async def web(shelf: Shelf) -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(force_close=True)  # else aiohttp repeats a dropped GET by itself
    async with aiohttp.ClientSession(shelf.url, connector=connector) as session:
        yield session


async def test_clock_runs_and_skips() -> None:
    clock = SimulatedClock(START)
    clock.freeze()
    clock.advance(3600)
    assert clock.now() - START >= timedelta(hours=1)
    assert clock.http_date(60).endswith("GMT")


async def test_date_header_follows_the_simulated_clock(shelf: Shelf, web: aiohttp.ClientSession) -> None:
    shelf.clock.advance(86400)
    async with web.get("/books") as answer:
        assert parsedate_to_datetime(answer.headers["Date"]) - START >= timedelta(days=1)


async def test_numbers_keep_their_digits(web: aiohttp.ClientSession) -> None:
    await web.post("/books", data=b'{"title":"x","price":12345678.905}')
    async with web.get("/books") as answer:
        assert await answer.text() == '[{"title":"Faust <I>","price":12.50},{"title":"x","price":12345678.905}]'


def test_exact_json_reads_decimals() -> None:
    assert exact_json.load("[0.1, 2]") == [Decimal("0.1"), 2]


async def test_requests_are_counted_by_kind_and_entity(shelf: Shelf, web: aiohttp.ClientSession) -> None:
    await web.get("/books")
    await web.post("/books", json={"title": "a"})
    await web.get("/both")
    counts = shelf.journal.counts()
    assert (counts.total, counts.by_kind) == (3, {"read": 2, "write": 1})
    assert (counts.inner_total, counts.inner_by_entity) == (2, {"read books": 2})
    assert counts.by_status == {"200": 2, "201": 1}


async def test_control_requests_and_the_page_are_not_counted(shelf: Shelf, web: aiohttp.ClientSession) -> None:
    await web.get("/_control/state")
    await web.get("/")
    await web.get("/favicon.ico")
    assert shelf.journal.counts().total == 0


async def test_journal_keeps_bodies_but_no_secrets(shelf: Shelf, web: aiohttp.ClientSession) -> None:
    await web.post("/books", data=b'{"title":"b"}', headers={"Authorization": "Bearer hidden"})
    [entry] = shelf.journal.entries
    assert entry.body == '{"title":"b"}'
    assert "Authorization" not in entry.headers


async def trouble(web: aiohttp.ClientSession, method: str = "POST") -> tuple[int, str]:
    """Status and text of a request, (0, error) if the connection broke."""
    try:
        async with web.request(method, "/books", data=b'{"title":"t"}') as answer:
            return answer.status, await answer.text()
    except aiohttp.ClientError as error:
        return 0, type(error).__name__


@pytest.mark.parametrize(
    ("do", "status", "books"),
    [
        ("status", 503, 1),
        ("drop_before", 0, 1),
        ("drop_after", 0, 2),
        ("delay", 201, 2),
        ("truncate", 0, 2),
        ("slow", 201, 2),
        ("html", 200, 1),
        ("html_after", 200, 2),
        ("garbage", 200, 1),
    ],
)
async def test_troubles(shelf: Shelf, web: aiohttp.ClientSession, do: str, status: int, books: int) -> None:
    shelf.add_fault(action={"do": do, "seconds": 0.01})
    assert (await trouble(web))[0] == status
    assert len(shelf.books) == books


async def test_process_late(shelf: Shelf, web: aiohttp.ClientSession) -> None:
    shelf.add_fault(match={"method": "POST"}, action={"do": "process_late", "seconds": 0.05})
    assert (await trouble(web))[0] == 0
    assert len(shelf.books) == 1
    await asyncio.sleep(0.15)
    assert len(shelf.books) == 2


@pytest.mark.parametrize(
    ("rule", "hit"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"nth": 2}, [2]),
        ({"every": 3}, [3, 6]),
        ({"times": 2}, [1, 2]),
        ({"after": 4}, [5, 6]),
        ({"after": 1, "every": 2, "times": 2}, [3, 5]),
        ({"match": {"path": "^/nowhere"}}, []),
        ({"match": {"body": '"t"', "kind": "write"}, "nth": 6}, [6]),
        ({"match": {"entity": "books", "method": "get"}}, []),
    ],
)
async def test_which_requests_a_rule_hits(
    shelf: Shelf, web: aiohttp.ClientSession, rule: dict[str, Any], hit: list[int]
) -> None:
    shelf.add_fault(**rule, action={"do": "status", "status": 500})
    statuses = [(await trouble(web))[0] for _ in range(6)]
    assert [n for n, status in enumerate(statuses, 1) if status == 500] == hit


async def test_rules_count_what_other_rules_hit(shelf: Shelf, web: aiohttp.ClientSession) -> None:
    shelf.add_fault(every=2, action={"do": "status", "status": 500})
    shelf.add_fault(every=3, action={"do": "status", "status": 429})
    assert [(await trouble(web))[0] for _ in range(6)] == [201, 500, 429, 500, 201, 500]


async def test_retry_after_as_seconds_and_as_date(shelf: Shelf, web: aiohttp.ClientSession) -> None:
    shelf.add_fault(times=1, action={"do": "status", "status": 429, "retry_after_s": 7})
    shelf.add_fault(action={"do": "status", "status": 429, "retry_after_s": 60, "retry_after_form": "date"})
    async with web.get("/books") as answer:
        assert answer.headers["Retry-After"] == "7"
    async with web.get("/books") as answer:
        when = parsedate_to_datetime(answer.headers["Retry-After"])
        assert timedelta(seconds=55) < when - parsedate_to_datetime(answer.headers["Date"]) <= timedelta(seconds=60)


async def test_inner_requests_fail_only_by_inner_rules(shelf: Shelf, web: aiohttp.ClientSession) -> None:
    shelf.add_fault(match={"inner": True}, nth=2, action={"do": "status", "status": 500})
    async with web.get("/both") as answer:
        assert await answer.json() == [200, 500]


async def test_kill_before_and_after_processing(shelf: Shelf, web: aiohttp.ClientSession) -> None:
    for when, books in (("before", 1), ("after", 2)):
        victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])  # noqa: ASYNC220
        order = {"pid": victim.pid, "nth": 2, "when": when}
        async with web.post("/_control/kill", json=order) as answer:
            assert answer.status == 200
        assert (await trouble(web, "GET"))[0] == 200
        assert (await trouble(web))[0] == 0
        assert victim.wait(10) == -signal.SIGKILL
        assert len(shelf.books) == books


def test_a_simulator_never_kills_itself() -> None:
    shelf = Shelf()
    shelf.kill(os.getpid(), 1)
    assert shelf.kill_order is not None
    with pytest.raises(ValueError, match="refusing"):
        shelf.kill_order.carry_out()


async def test_control_state_writes_decimals_as_strings(web: aiohttp.ClientSession) -> None:
    async with web.get("/_control/state") as answer:
        assert (await answer.json())["sets"] == {"books": [{"title": "Faust <I>", "price": "12.50"}]}


async def test_control_switches(shelf: Shelf, web: aiohttp.ClientSession) -> None:
    async with web.post("/_control/switches", json={"polite": False}) as answer:
        assert await answer.json() == {"polite": False}
    async with web.post("/_control/switches", json={"rude": True}) as answer:
        assert answer.status == 400
        assert "rude" in (await answer.json())["error"]
    with pytest.raises(msgspec.ValidationError):
        shelf.set_switches(polite="perhaps")


async def test_control_faults_and_advance(shelf: Shelf, web: aiohttp.ClientSession) -> None:
    await web.post("/_control/faults", json=[{"action": {"do": "status"}}, {"action": {"do": "delay"}, "nth": 9}])
    assert len(shelf.faults.rules) == 2
    await web.delete("/_control/faults")
    assert shelf.faults.rules == []
    await web.post("/_control/advance", json={"seconds": 90})
    assert shelf.clock.now() >= START + timedelta(seconds=90)


async def test_control_requests_and_reset(web: aiohttp.ClientSession) -> None:
    await web.get("/books")
    async with web.get("/_control/requests") as answer:
        found = await answer.json()
    assert found["counts"]["total"] == len(found["entries"]) == 1
    await web.post("/_control/requests/reset")
    async with web.get("/_control/requests") as answer:
        assert (await answer.json())["counts"]["total"] == 0


async def test_control_explains_what_is_wrong(web: aiohttp.ClientSession) -> None:
    async with web.post("/_control/faults", json={"action": {"do": "explode"}}) as answer:
        assert answer.status == 400
    async with web.get("/_control/nothing") as answer:
        assert answer.status == 404


async def test_the_page_shows_rows_and_escapes_them(web: aiohttp.ClientSession) -> None:
    async with web.get("/") as answer:
        text = await answer.text()
    assert "Faust &lt;I&gt;" in text
    assert "12.50" in text
    async with web.get("/?set=books&find=nothing") as answer:
        assert "Nothing here." in await answer.text()


def test_unknown_simulators_are_named_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match="ifs_cloud"):
        simulator_class("sap")


def test_the_command_announces_itself_and_ends_on_sigterm() -> None:
    command = [sys.executable, "-m", "ml_connector_simulators", "ifs_cloud", "--port", "0", "--seed", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        announced = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert announced["system"] == "ifs_cloud"
    assert announced["url"].startswith("http://127.0.0.1:")
    assert announced["settings"] == {"realm": "demo", "companies": ["10", "20"]}
    assert announced["credentials"]["auth_mode"] == "oauth2_client_credentials"
