"""`status`: a line per flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from ml_connector.cli.options import Json, application
from ml_connector.cli.output import Output

if TYPE_CHECKING:
    from datetime import datetime


def register(program: typer.Typer) -> None:
    program.command()(status)


def status(json: Json = False) -> None:
    """Show how each flow stands: a line per flow.

    Last outcome, freshness, open exceptions, next run.
    """
    from ml_connector import clock

    output = Output(json)
    with application() as app:
        flows = app.status()
    if output.as_json:
        output.document({"flows": flows})
    elif not flows:
        output.show("No flow is configured yet. Describe one in a file, then: ml-connector apply -f FILE")
    else:
        _show(flows, clock.now(), output)


def _show(flows: list[dict[str, Any]], now: datetime, output: Output) -> None:
    from rich.table import Table

    from ml_connector.cli import words

    doubtful = any(flow["in_doubt"] for flow in flows)
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1))
    for title in ("Flow", "Last run", "Fresh", "Set aside", "Waiting", *(["In doubt"] * doubtful), "Next run"):
        made.add_column(title, justify="right" if title in ("Set aside", "Waiting", "In doubt") else "left")
    for flow in flows:
        made.add_row(
            output.escape(flow["name"]),
            _last(flow),
            words.distance(flow["fresh_at"], now) or "never",
            _open(flow["open_exceptions"]),
            words.number(flow["waiting"]),
            *([words.number(flow["in_doubt"])] * doubtful),
            words.distance(flow["next_run_at"], now) or "by hand",
        )
    output.show(made)
    for flow in flows:
        if flow["open_exceptions"]:
            output.show(f"\nWhat is set aside: ml-connector records {flow['name']} --state rejected (or held)")


def _last(flow: dict[str, Any]) -> str:
    from ml_connector.cli import words

    if flow["running"]:
        return "[cyan]running now[/]"
    last = flow["last_run"]
    return words.outcome(last["outcome"], short=True) if last else "never ran"


def _open(count: int) -> str:
    from ml_connector.cli import words

    return f"[yellow]{words.number(count)}[/]" if count else "0"
