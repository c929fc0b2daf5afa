"""Plays scenarios in processes of their own, a few at a time."""

from __future__ import annotations

import functools
import multiprocessing
import os
import shutil
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from campaign.commands import kill_command
from campaign.databases import fresh_database
from campaign.play import kill_runs, play
from campaign.references import FOLDER
from campaign.scenario import Played, Scenario
from campaign.survey import Moment, Survey, survey
from campaign.takeover import freeze_and_take_over
from flows.plant import Loop


@functools.cache
def _loop() -> Loop:
    """One a process, for all simulators that it ever starts."""
    return Loop()


def play_alone(scenario: Scenario, server_url: str) -> Played:
    """One scenario on a fresh database, in this process."""
    act = {"commands": kill_command, "takeover": freeze_and_take_over}.get(scenario.group, kill_runs)
    folder = Path(tempfile.mkdtemp(prefix="mlc-campaign-"))
    try:
        with fresh_database(scenario.database, server_url) as url:
            return play(act, _loop(), scenario, folder, url)
    except Exception:
        played = Played(scenario.name, scenario.group)
        played.findings.add("run", traceback.format_exc())
        return played
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def survey_alone(moment: Moment) -> Survey:
    """One run that nobody kills."""
    folder = Path(tempfile.mkdtemp(prefix="mlc-survey-"))
    try:
        return survey(_loop(), *moment, folder / "home")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def survey_all(moments: Sequence[Moment], workers: int) -> dict[Moment, Survey]:
    """What the runs do when nobody kills them."""
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        return dict(zip(moments, pool.map(survey_alone, moments, chunksize=1), strict=True))


def play_all(scenarios: Sequence[Scenario], server_url: str, workers: int) -> Iterator[Played]:
    """In any order, as they end."""
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield from pool.imap_unordered(functools.partial(play_alone, server_url=server_url), scenarios)


@contextmanager
def shared_references() -> Iterator[None]:
    """What one process finds out about a story that nobody is killed in, the others need not."""
    with tempfile.TemporaryDirectory(prefix="mlc-references-") as folder:
        os.environ[FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[FOLDER]
