"""check, run, replay, status: what people read, what programs read, and the exit status."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from cli.conftest import Run
from tiny.lab import invoice
from tiny.world import World


@pytest.fixture
def flawed(world: World) -> World:
    """The manufacturer and two invoices that cannot go: one without its order, one that does not add up."""
    invoice(world, "I2", order="P9")
    invoice(world, "I3", net="1099.00")
    return world


def test_run_shows_a_table_and_what_to_do(applied: Run, flawed: World) -> None:
    said = applied("run", "books-to-shop")
    lines = said.out.splitlines()
    assert said.status == 3
    assert lines[0].split() == ["Route", "Read", "Created", "Set", "aside", "Outcome"]
    assert lines[5].split() == ["invoices", "3", "1", "2", "exceptions"]
    assert "2 records set aside:" in lines, lines
    assert [line for line in lines if line.startswith("   I3  The header says 1")], said.out
    assert "   Do:  Correct the document in the ERP." in lines
    assert "   Who: ERP user" in lines
    assert "   ml-connector record books-to-shop invoices I2" in lines


def test_run_as_json_is_one_document(applied: Run, flawed: World) -> None:
    said = applied("run", "books-to-shop", "--json")
    assert said.status == 3
    assert said.json["outcome"] == "complete_with_exceptions"
    assert [each["code"] for each in said.json["exceptions"]] == ["REFERENCE_MISSING", "TOTAL_DIFFERS"]
    invoices = said.json["routes"][-1]
    assert (invoices["read"], invoices["created"], invoices["rejected"]) == (3, 1, 2)
    assert "invoices: complete, with exceptions: 3 records in" in said.err


def test_complete_run_ends_with_zero(applied: Run) -> None:
    assert applied("run", "books-to-shop").status == 0


def test_only_one_route(applied: Run, world: World) -> None:
    said = applied("run", "books-to-shop", "--route", "suppliers", "--json")
    assert [each["route"] for each in said.json["routes"]] == ["suppliers"]
    assert list(world.target) == ["suppliers"]


def test_dry_run_writes_nothing_and_shows_what_it_would(applied: Run, world: World) -> None:
    said = applied("run", "books-to-shop", "--dry-run")
    assert said.status == 0
    assert "Dry run, nothing was written: complete" in said.out
    assert "purchase_orders  create  purchase_orders_lines     2        1  P1" in said.out
    assert not any(world.target.values())
    assert applied("run", "books-to-shop", "--dry-run", "--json").json["would_write"]


def test_limit_ends_early(applied: Run, world: World) -> None:
    invoice(world, "I2", order="P1")
    assert applied("run", "books-to-shop", "--limit", "1").status == 4


def test_replay_after_a_correction(applied: Run, flawed: World) -> None:
    applied("run", "books-to-shop")
    flawed.put("purchase_orders", id="P9", supplier="S1", date="2026-03-01", currency="EUR", net="0", lines=[])
    invoice(flawed, "I3")
    assert applied("run", "books-to-shop", "--json").json["routes"][-1]["created"] == 1
    said = applied("replay", "books-to-shop", "--route", "invoices", "--state", "rejected", "--json")
    assert [(each["route"], each["replayed"]) for each in said.json["routes"]] == [("invoices", 1)]


def test_unknown_names_give_the_nearest(applied: Run) -> None:
    said = applied("run", "books-to-shp")
    assert (said.status, "There is no flow 'books-to-shp'" in said.err, "books-to-shop" in said.err) == (2, True, True)
    said = applied("run", "books-to-shop", "--route", "invoice")
    assert (said.status, "Did you mean 'invoices'?" in said.err) == (2, True)
    assert applied("replay", "books-to-shop", "--state", "reject").status == 2


def test_interrupt_ends_between_batches_with_four(applied: Run, world: World) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs the tests in the background ignores it

    def interrupt(world: World, write: object) -> str:
        world.on_write = lambda world, write: ""
        os.kill(os.getpid(), signal.SIGINT)
        return ""

    world.on_write = interrupt
    said = applied("run", "books-to-shop", "--json")
    assert (said.status, said.json["outcome"]) == (4, "cancelled")
    assert "Stopping after the batch under way." in said.err
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert applied("run", "books-to-shop").status == 0


def test_bug_in_a_run_is_told_with_its_traceback(applied: Run, world: World) -> None:
    def fail(world: World, write: object) -> str:
        raise ZeroDivisionError("password=pass-word-1")

    world.on_write = fail
    said = applied("run", "books-to-shop", "--json")
    assert (said.status, said.json["error"]["type"]) == (1, "Bug")
    assert "Traceback" in said.err
    assert "pass-word-1" not in said.out + said.err


def test_status_before_and_after(applied: Run, flawed: World) -> None:
    assert applied("status").out.splitlines()[1].split()[:4] == ["books-to-shop", "never", "ran", "never"]
    applied("run", "books-to-shop")
    line = applied("status").out.splitlines()[1]
    assert line.split()[:6] == ["books-to-shop", "exceptions", "just", "now", "2", "0"]
    assert " in " in line
    flow = applied("status", "--json").json["flows"][0]
    assert (flow["open_exceptions"], flow["last_run"]["outcome"]) == (2, "complete_with_exceptions")
    assert flow["next_run_at"].endswith(":00:00Z")


def test_check_names_every_need(applied: Run) -> None:
    said = applied("check")
    assert said.status == 0
    assert "ok       read suppliers: works" in said.out
    assert "ok       write invoices: works" in said.out
    found = applied("check", "shop", "--json").json
    assert (found["ok"], [each["connection"] for each in found["connections"]]) == (True, ["shop"])
    assert applied("check", "shup").status == 2


def test_check_of_a_connection_without_credentials(applied: Run, folder: Path) -> None:
    text = (folder / "ml-connector.yaml").read_text(encoding="utf-8")
    more = "  - name: third\n    system: tiny\n    base_url: http://tiny.example\nflows:\n"
    (folder / "ml-connector.yaml").write_text(text.replace("flows:\n", more), encoding="utf-8")
    applied("apply")
    said = applied("check", "third")
    assert said.status == 1
    assert "MISSING  open third: Connection 'third' has no username and no password yet." in said.out
    assert "Do:  Give it under `credentials`" in said.out
