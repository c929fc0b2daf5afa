"""records, record, hold, exclude, release, audit: what became of records, and who decided what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.conftest import Run
from tiny.lab import invoice
from tiny.world import World


@pytest.fixture
def ran(applied: Run, world: World) -> Run:
    """A flow that has run, with one invoice set aside."""
    invoice(world, "I2", net="99.00")
    assert applied("run", "books-to-shop").status == 3
    return applied


def test_records_are_listed_with_states(ran: Run) -> None:
    lines = ran("records", "books-to-shop").out.splitlines()
    assert lines[0].split() == ["Route", "Key", "Name", "State", "Why"]
    assert [line.split()[:2] for line in lines[1:7]] == [
        ["gl_accounts", "6100"],
        ["cost_centers", "CC1"],
        ["suppliers", "S1"],
        ["purchase_orders", "P1"],
        ["invoices", "I1"],
        ["invoices", "I2"],
    ]


def test_records_are_chosen_by_route_state_and_text(ran: Run) -> None:
    def keys(*options: str) -> list[str]:
        return [each["key"] for each in ran("records", "books-to-shop", *options, "--json").json["records"]]

    assert keys("--route", "invoices") == ["I1", "I2"]
    assert keys("--state", "rejected") == ["I2"]
    assert keys("--search", "acme") == ["S1", "I1"]
    assert ran("records", "books-to-shop", "--limit", "2", "--json").json["more"] is True
    assert "Only the first 2 are shown" in ran("records", "books-to-shop", "--limit", "2").out
    assert ran("records", "books-to-shop", "--search", "nobody").out == "No record matches.\n"


def test_story_of_a_record_that_landed(ran: Run) -> None:
    out = ran("record", "books-to-shop", "invoices", "I1").out
    told = [line.strip() for line in out.splitlines()]
    sentences = [
        "Read from Tiny. Last changed there: 5.",
        "Understood as:",
        "Sent to Tiny: the header to create in invoices, 2 lines to create in invoices_lines.",
        "Landed: it is in Tiny as it should be.",
    ]
    assert [line for line in told if line in sentences] == sentences
    assert "20.00 EUR" in out
    assert told[0] == "Invoice I1  I1 Acme 20.00 EUR  landed"


def test_story_of_a_record_set_aside_says_what_to_do(ran: Run) -> None:
    told = [line.strip() for line in ran("record", "books-to-shop", "invoices", "I2").out.splitlines()]
    assert "Checked: 1 problem found." in told
    assert told[-4:] == [
        "Now: rejected",
        "The header says 99.00 EUR, its lines add up to 20.00.",
        "Do:  Correct the document in the ERP.",
        "Who: ERP user",
    ]


def test_story_as_json(ran: Run) -> None:
    found = ran("record", "books-to-shop", "invoices", "I2", "--json").json
    assert [step["step"] for step in found["history"]] == ["read", "settled", "now"]
    assert found["history"][0]["understood"]["net"] == "99.00"


def test_unknown_record(ran: Run) -> None:
    said = ran("record", "books-to-shop", "invoices", "I")
    assert (said.status, "There are I1, I2." in said.err) == (2, True)


def test_decisions_are_told_in_the_story(ran: Run) -> None:
    assert ran("hold", "books-to-shop", "invoices", "I2", "--reason", "asked Ann").out == "Held: I2.\n"
    said = ran("release", "books-to-shop", "invoices", "I2", "--reason", "Ann says yes")
    assert said.out == "Released: I2. They go with the next run: ml-connector run books-to-shop\n"
    excluded = ran("exclude", "books-to-shop", "invoices", "I2", "--reason", "twice", "--json").json
    assert (excluded["decision"], excluded["keys"]) == ("exclude", ["I2"])
    story = ran("record", "books-to-shop", "invoices", "I2").out
    for sentence in ("held it back: asked Ann", "released it: Ann says yes", "excluded it: twice"):
        assert sentence in story


def test_decision_needs_a_reason_and_known_keys(ran: Run) -> None:
    assert ran("hold", "books-to-shop", "invoices", "I2").status == 2
    assert ran("hold", "books-to-shop", "invoices", "I2", "--reason", " ").status == 2
    said = ran("hold", "books-to-shop", "invoices", "I2", "I77", "--reason", "why")
    assert (said.status, said.out) == (2, "Held: I2.\n")
    assert "Not found among the invoices of 'books-to-shop': I77. 1 other record changed." in said.err


def test_audit_verify(ran: Run) -> None:
    said = ran("audit", "verify")
    assert (said.status, said.out.startswith("The audit trail is unbroken (")) == (0, True)
    assert ran("audit", "verify", "--json").json == {"unbroken": True, "findings": []}


def test_audit_export(ran: Run, folder: Path) -> None:
    kinds = {json.loads(line)["kind"] for line in ran("audit", "export").out.splitlines()}
    assert {"configuration", "run_started", "settled", "run_finished"} <= kinds
    assert len(ran("audit", "export", "--json").json["events"]) > 10
    assert ran("audit", "export", "--since", "2999-01-01").out == ""
    assert ran("audit", "export", "--since", "yesterday").status == 2
    assert ran("audit", "export", "-o", "trail.jsonl").out == ""
    assert (folder / "trail.jsonl").read_text(encoding="utf-8").count("\n") > 10
