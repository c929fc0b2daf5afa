"""Plays scenarios in processes of their own, a few at a time."""

from __future__ import annotations

import functools
import multiprocessing
import os
import shutil
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
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
    with _pool(workers) as pool:
        return dict(zip(moments, pool.map(survey_alone, moments), strict=True))


def play_all(scenarios: Sequence[Scenario], server_url: str, workers: int) -> Iterator[Played]:
    """In any order, as they end."""
    with _pool(workers) as pool:
        for played in as_completed([pool.submit(play_alone, each, server_url) for each in scenarios]):
            yield played.result()


def _pool(workers: int) -> ProcessPoolExecutor:
    """Processes that may have children, which those of a Pool may not."""
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


@contextmanager
def shared_references() -> Iterator[None]:
    """What one process finds out about a story that nobody is killed in, the others need not."""
    with tempfile.TemporaryDirectory(prefix="mlc-references-") as folder:
        os.environ[FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[FOLDER]
