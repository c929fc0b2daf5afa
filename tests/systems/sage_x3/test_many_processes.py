"""Twenty processes on PostgreSQL share one sign-in whose refresh token dies with every use: one renewal per expiry."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ml_connector.store.configuration import ConnectionConfig, apply
from ml_connector.store.setup import open_workspace
from ml_connector_simulators.sage_x3 import SageX3Simulator
from store.postgres import drop_database, fresh_database
from systems.sage_x3.token_worker import KEYRING, serve

pytestmark = pytest.mark.postgres
PROCESSES = 20
PATIENCE_S = 120
EXPIRY_S = 241
"""A token of five minutes is renewed when it is four minutes old."""


@dataclass
class Crew:
    """The processes and the clock that they share with the simulator."""

    simulator: SageX3Simulator
    offset: float = 0
    pipes: dict[int, Any] = field(default_factory=dict)
    processes: dict[int, BaseProcess] = field(default_factory=dict)

    def start(self, number: int, start: datetime, database_url: str, folder: Path) -> None:
        context = multiprocessing.get_context("forkserver")
        here, there = context.Pipe()
        process = context.Process(target=serve, args=(there, database_url, str(folder), start), daemon=True)
        process.start()
        there.close()
        self.pipes[number], self.processes[number] = here, process

    def pass_time(self, seconds: float) -> None:
        self.offset += seconds
        self.simulator.clock.advance(seconds)

    async def answer(self, number: int) -> str:
        """What the process says next."""

        def receive() -> str:
            assert self.pipes[number].poll(PATIENCE_S), f"process {number} does not answer"
            said: str = self.pipes[number].recv()
            return said

        return await asyncio.to_thread(receive)

    async def all_use(self) -> set[str]:
        """Everybody asks X3 for something at once; the tokens that were used."""
        for pipe in self.pipes.values():
            pipe.send(("use", self.offset))
        return set(await asyncio.gather(*(self.answer(number) for number in self.pipes)))

    async def dies(self, number: int, how: str) -> None:
        self.pipes.pop(number).send((how, self.offset))
        process = self.processes.pop(number)
        await asyncio.to_thread(process.join, PATIENCE_S)
        assert process.exitcode == -signal.SIGKILL

    @property
    def issued(self) -> dict[str, int]:
        """Tokens given out so far, by the grant that was asked with."""
        return dict(self.simulator.tokens.counts.issued)

    def end(self) -> None:
        for pipe in self.pipes.values():
            pipe.send(("end", self.offset))
        for process in self.processes.values():
            process.join(PATIENCE_S)


@pytest.fixture
def database_url() -> Iterator[str]:
    url = fresh_database()
    yield url
    drop_database(url)


def configure(simulator: SageX3Simulator, database_url: str, folder: Path, auth_mode: str) -> None:
    """What `ml-connector apply` does."""
    given = {name: str(value) for name, value in simulator.credentials(auth_mode).items()}
    given.pop("auth_mode")
    connection = ConnectionConfig(
        name="x3",
        system="sage_x3",
        base_url=simulator.url,
        settings=simulator.settings(),
        auth_mode=auth_mode,
        credentials=given,
    )
    workspace = open_workspace(database_url, folder, KEYRING, alias="many-processes")
    apply(workspace, [connection], [], actor="test")
    workspace.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("auth_mode", ["oauth2_client_credentials", "oauth2_authorization_code"])
async def test_one_renewal_per_expiry_and_none_lost(database_url: str, tmp_path: Path, auth_mode: str) -> None:
    async with SageX3Simulator(size="small", seed=1) as simulator:
        simulator.clock.freeze()
        simulator.set_switches(token_pause_s=0.1, reuse_ends_pair=True)
        await asyncio.to_thread(configure, simulator, database_url, tmp_path, auth_mode)
        await _share(Crew(simulator), database_url, tmp_path, auth_mode)


async def _share(crew: Crew, database_url: str, folder: Path, auth_mode: str) -> None:
    for number in range(PROCESSES):
        crew.start(number, crew.simulator.clock.now(), database_url, folder)
    assert set(await asyncio.gather(*(crew.answer(number) for number in crew.pipes))) == {"ready"}
    first = {"client_credentials": 1} if auth_mode == "oauth2_client_credentials" else {"refresh_token": 1}
    tokens = []
    for _ in range(4):
        tokens.append(await crew.all_use())
        crew.pass_time(EXPIRY_S)
    assert [len(each) for each in tokens] == [1, 1, 1, 1], "a process used a token of its own"
    renewals = 3 + first.get("refresh_token", 0)
    assert crew.issued == {**first, "refresh_token": renewals}

    await crew.dies(0, "die_after_storing")
    _end_locks(database_url)
    assert len(await crew.all_use()) == 1
    assert crew.issued == {**first, "refresh_token": renewals + 1}, "what the dead process stored was not used"

    crew.pass_time(EXPIRY_S)
    await crew.dies(1, "die_holding_the_lock")
    _end_locks(database_url)
    assert len(await crew.all_use()) == 1
    assert crew.issued == {**first, "refresh_token": renewals + 2}

    crew.pass_time(20 * 86400)
    assert len(await crew.all_use()) == 1
    assert crew.issued == {**first, "refresh_token": renewals + 3}
    counts = crew.simulator.tokens.counts
    assert (counts.parallel, counts.reused) == (0, 0)
    crew.end()


def _end_locks(database_url: str) -> None:
    """What fifteen seconds do to the lock of a dead holder."""
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE store_lock SET expires_at = 0")
