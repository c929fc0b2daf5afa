"""A sample of the kill campaign: wherever the product dies, the next runs leave everything there once, as it is."""

from __future__ import annotations

import pytest
from campaign.commands import COMMANDS
from campaign.pairs import BY_NAME, lacking
from campaign.points import IN_A_RUN, transactions
from campaign.sample import sample, takeovers
from campaign.scenario import Scenario
from campaign.workers import play_alone

SCENARIOS = {each.name: each for each in sample()}


def _parameters(database: str) -> list[str]:
    return [name for name, each in SCENARIOS.items() if each.database == database]


def _check(scenario: Scenario, server_url: str) -> None:
    played = play_alone(scenario, server_url)
    assert list(played.findings.lines()) == []
    assert (played.kills, played.missed) == (len(scenario.kills), 0)


@pytest.mark.parametrize("name", _parameters("sqlite"))
def test_kills_on_sqlite(name: str) -> None:
    _check(SCENARIOS[name], "")


@pytest.mark.postgres
@pytest.mark.parametrize("name", _parameters("postgresql"))
def test_kills_on_postgresql(name: str, postgresql_url: str) -> None:
    _check(SCENARIOS[name], postgresql_url)


@pytest.mark.parametrize("scenario", takeovers(), ids=lambda scenario: str(scenario.thawed))
def test_a_frozen_process_is_taken_over_and_writes_nothing_more(scenario: Scenario) -> None:
    _check(scenario, "")


def test_the_campaign_knows_every_transaction_of_the_store() -> None:
    assert transactions() <= {*IN_A_RUN, *COMMANDS}


def test_the_sample_dies_in_every_transaction() -> None:
    points = {kill.text.partition(":")[0] for each in SCENARIOS.values() for kill in each.kills}
    assert transactions() <= points


def test_every_pair_is_played() -> None:
    assert [what for pair in BY_NAME.values() for what in lacking(pair)] == []
    assert {each.pair for each in SCENARIOS.values()} == set(BY_NAME)
