"""`run`: one run of a flow, now."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ml_connector.cli.options import FlowName, Json, Routes, application
from ml_connector.cli.output import Output

if TYPE_CHECKING:
    from ml_connector.app import Application
    from ml_connector.sync.report import Report


def register(program: typer.Typer) -> None:
    program.command()(run)


def run(
    flow: FlowName,
    route: Routes = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; show what would be written.")] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Read everything again and judge it anew; what is equal is not sent.")
    ] = False,
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="At most N records a route.")] = None,
    json: Json = False,
) -> int:
    """Run a flow now.

    Reads what changed at the source and brings it to the target. An interrupted run is finished
    first. Exit status: 0 complete, 3 some records are set aside, 4 not finished,
    1 failed.
    """
    from ml_connector.cli.progress import RunProgress

    output = Output(json)
    with application() as app, cancelling(app, output), RunProgress(output) as progress:
        report = app.run(flow, progress, routes=route or (), full=full, limit=limit, dry_run=dry_run)
    return tell(report, output)


def tell(report: Report, output: Output) -> int:
    """Show a run's report; its exit status."""
    if output.as_json:
        output.document(report.document())
    else:
        from ml_connector.cli.summary import show

        show(report, output)
    return report.exit_status


@contextmanager
def cancelling(app: Application, output: Output) -> Iterator[None]:
    """Ctrl-C ends the run between two batches; a second one at once."""
    asked = False

    def stop(number: int, frame: Any) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        app.cancel()
        output.note("Stopping after the batch under way. Press Ctrl-C again to stop at once; nothing is lost.")

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
