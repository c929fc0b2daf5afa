"""Sessions of e.net: one at a time, always closed, nobody else's ended, and no password where it can be read."""

from __future__ import annotations

import asyncio
import logging
import traceback
from typing import Any

import pytest

from ml_connector import clock
from ml_connector.errors import AuthenticationError, ConfigurationError, ContractError
from ml_connector.records import Entity
from ml_connector.systems.base import Json, Need, Ports, Verdict
from ml_connector.systems.syspro import CONNECTOR
from ml_connector.systems.syspro.connection import Syspro
from ml_connector.systems.syspro.enet_xml import is_refusal, parse, unwrapped
from ml_connector_simulators.syspro import SysproSimulator
from systems.memory import Memory
from systems.syspro.syspro_company import opening

ACCOUNT = "<Query><TableName>GenMaster</TableName><ReturnRows>1</ReturnRows><Columns><Column>GlCode</Column></Columns>"
ACCOUNT += "<OrderBy><Column>GlCode</Column></OrderBy></Query>"


class Shared(Memory):
    """What the store lends to all processes: locks by name, and a small document."""

    def __init__(self) -> None:
        super().__init__()
        self.owners: dict[str, str] = {}
        self.history: list[str] = []

    def take(self, name: str, owner: str, ttl_s: float) -> bool:
        return self.owners.setdefault(name, owner) == owner

    def give_back(self, name: str, owner: str) -> bool:
        if self.owners.get(name) == owner:
            del self.owners[name]
        return False

    def compare_and_swap(self, expected: Json | None, new: Json) -> bool:
        swapped = super().compare_and_swap(expected, new)
        if swapped:
            self.history.append(str(new["state"]))
        return swapped

    @property
    def ports(self) -> Ports:
        return Ports(memory=lambda name: self, locks=self)


async def ask(system: Any) -> str:
    assert isinstance(system, Syspro) and system.enet is not None
    root = await system.enet.query("COMFND", ACCOUNT, "read one account")
    row = root.first("Row")
    assert row is not None
    return row.children[0].text


async def test_a_session_is_opened_once_and_closed(plant: SysproSimulator) -> None:
    shared = Shared()
    async with CONNECTOR.open(opening(plant, ports=shared.ports)) as system:
        for _ in range(3):
            await ask(system)
        assert plant.sessions.opened == 1 and len(plant.sessions) == 1
    assert (plant.sessions.closed, len(plant.sessions), plant.sessions.evicted) == (1, 0, 0)
    assert shared.history == ["logging_on", "open", "closed"]
    assert shared.owners == {}


async def test_connections_take_turns(plant: SysproSimulator) -> None:
    """Two processes with one operator, in different companies, evict each other never."""
    plant.set_switches(eviction="any_company")
    shared = Shared()

    async def once(company: str) -> None:
        async with CONNECTOR.open(opening(plant, ports=shared.ports, company_id=company)) as system:
            await ask(system)

    await asyncio.gather(*(once(company) for company in ("EDU1", "EDU2", "EDU1")))
    assert (plant.sessions.opened, plant.sessions.closed, plant.sessions.evicted) == (3, 3, 0)


async def test_a_killed_process_leaves_no_session_behind(plant: SysproSimulator) -> None:
    """The next one finds the token and closes its session before it opens its own."""
    plant.set_switches(eviction="none")
    shared = Shared()
    shared.document = {"state": "open", "token": plant._enet.logon("MLCON", "EDU1").strip()}
    async with CONNECTOR.open(opening(plant, ports=shared.ports)) as system:
        await ask(system)
    assert (plant.sessions.opened, plant.sessions.closed, len(plant.sessions)) == (2, 2, 0)
    assert shared.history == ["closed", "logging_on", "open", "closed"]


async def test_a_process_killed_while_signing_in_is_survived(plant: SysproSimulator) -> None:
    """Its token is nobody's knowledge: signing in as the same operator ends that session."""
    shared = Shared()
    shared.document = {"state": "logging_on"}
    plant.grant({"logon": "MLCON"})
    async with CONNECTOR.open(opening(plant, ports=shared.ports)) as system:
        await ask(system)
    assert (plant.sessions.evicted_operators, len(plant.sessions)) == (["MLCON"], 0)


async def test_a_session_is_closed_when_the_work_is_cancelled(plant: SysproSimulator) -> None:
    shared = Shared()

    async def work() -> None:
        async with CONNECTOR.open(opening(plant, ports=shared.ports)) as system:
            await ask(system)
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    while not len(plant.sessions):  # noqa: ASYNC110 - it is cancelled while it waits for its token
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (plant.sessions.opened, plant.sessions.closed, shared.owners) == (1, 1, {})


async def test_somebody_else_stays_signed_in(plant: SysproSimulator) -> None:
    plant.grant({"logon": "AMEYER"})
    async with CONNECTOR.open(opening(plant)) as system:
        await system.check([Need(Entity.GL_ACCOUNTS, write=False)])
    assert plant.sessions.evicted_operators == []
    assert len(plant.sessions) == 1


async def test_an_ended_session_is_opened_again_once(plant: SysproSimulator) -> None:
    plant.set_switches(session_error="ERROR: Something quite unrelated")
    async with CONNECTOR.open(opening(plant)) as system:
        first = await ask(system)
        plant.grant({"sessions": "expire"})
        assert await ask(system) == first
    assert plant.sessions.opened == 2


async def test_a_refused_sign_in_is_tried_once_only(plant: SysproSimulator) -> None:
    async with CONNECTOR.open(opening(plant, {"operator_password": "wrong-password"})) as system:
        for _ in range(3):
            with pytest.raises(AuthenticationError, match="refused to sign in"):
                await ask(system)
    assert [entry.target for entry in plant.journal.entries if "ogon?" in entry.target][1:] == []


async def test_a_missing_licence_is_named(plant: SysproSimulator) -> None:
    plant.grant({"object": "COMFND", "granted": False})
    async with CONNECTOR.open(opening(plant)) as system:
        with pytest.raises(ConfigurationError, match="100000") as caught:
            await ask(system)
    assert "licensed" in caught.value.fix
    assert len(plant.sessions) == 0


@pytest.mark.parametrize("wrapping", ["bare", "json", "string"])
@pytest.mark.parametrize("blanks", [True, False])
async def test_bodies_come_in_three_wrappings(plant: SysproSimulator, wrapping: str, blanks: bool) -> None:
    plant.set_switches(wrapping=wrapping, token_blanks=blanks)
    async with CONNECTOR.open(opening(plant)) as system:
        assert await ask(system) == "0400"
        assert isinstance(system, Syspro)
        assert await system.local_currency(needed=True) == "EUR"
    assert len(plant.sessions) == 0


@pytest.mark.parametrize("do", ["status", "drop_after", "html", "garbage", "truncate"])
async def test_no_password_in_errors_and_logs(
    plant: SysproSimulator, caplog: pytest.LogCaptureFixture, do: str
) -> None:
    caplog.set_level(logging.DEBUG)
    more = {"status": 500} if do == "status" else {}
    plant.add_fault(match={"entity": "logon"}, action={"do": do, **more}, nth=None)
    with clock.use(clock.ManualClock()):
        async with CONNECTOR.open(opening(plant)) as system:
            found = await system.check([Need(Entity.GL_ACCOUNTS, write=False)])
            with pytest.raises(Exception) as caught:
                await ask(system)
    said = "".join(traceback.format_exception(caught.value)) + repr(found) + caplog.text
    for secret in ("operator-password-of-the-simulator", "company-password-of-the-simulator"):
        assert secret not in said
    assert any(each.verdict is not Verdict.OK and "e.net" in each.subject for each in found)


def test_xml_that_declares_anything_is_refused() -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>'
    with pytest.raises(ContractError, match="document type"):
        parse(bomb)
    with pytest.raises(ContractError, match="nested too deeply"):
        parse("<a>" * 40 + "</a>" * 40)


def test_windows_1252_and_upper_and_lower_case() -> None:
    body = '<?xml version="1.0" encoding="Windows-1252"?><GenMaster Language=\'05\'><Row><GLCODE>Büro €</GLCODE></Row>'
    root = parse(unwrapped((body + "<RowsReturned>       1</RowsReturned></GenMaster>").encode("cp1252")))
    row = root.first("row")
    assert row is not None
    code = row.first("GlCode")
    assert code is not None and code.text == "Büro €"
    assert is_refusal("ERROR: Invalid operator password") and not is_refusal("5C0E41")
    with pytest.raises(ContractError, match="web page"):
        unwrapped(b"<html><body>Sign in</body></html>")
