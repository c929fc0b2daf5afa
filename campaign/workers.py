"""Plays scenarios in processes of their own, a few at a time."""

from __future__ import annotations

import functools
import multiprocessing
import shutil
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.flows.plant import Loop

from campaign.commands import play_command
from campaign.databases import fresh_database
from campaign.play import play
from campaign.scenario import Played, Scenario
from campaign.takeover import play_takeover


@functools.cache
def _loop() -> Loop:
    """One a process, for all simulators that it ever starts."""
    return Loop()


def play_alone(scenario: Scenario, server_url: str) -> Played:
    """One scenario on a fresh database, in this process."""
    player = {"commands": play_command, "takeover": play_takeover}.get(scenario.group, play)
    folder = Path(tempfile.mkdtemp(prefix="mlc-campaign-"))
    try:
        with fresh_database(scenario.database, server_url) as url:
            return player(_loop(), scenario, folder, url)
    except Exception:
        played = Played(scenario.name, scenario.group)
        played.findings.add("run", traceback.format_exc())
        return played
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def play_all(scenarios: Sequence[Scenario], server_url: str, workers: int) -> Iterator[Played]:
    """In any order, as they end."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers) as pool:
        yield from pool.imap_unordered(functools.partial(play_alone, server_url=server_url), scenarios)
