"""`demo`: the whole product on simulated systems, in one command."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ml_connector.cli.options import Json as JsonOption
from ml_connector.cli.output import Output
from ml_connector.cli.run import cancelling
from ml_connector.cli.simulators import Simulators, configuration_text, port_for, program_name
from ml_connector.errors import ConfigurationError

if TYPE_CHECKING:
    from ml_connector.sync.report import Report

FOLDER = ".ml-connector-demo"
MARK = "made-by-ml-connector-demo"
Json = dict[str, Any]
PAIR = ("ifs_cloud", "servicenow")
FLOW = "ifs-to-snow"


def register(program: typer.Typer) -> None:
    program.command()(demo)


def demo(
    exit_after: Annotated[
        bool, typer.Option("--exit", help="End after the table instead of waiting for Ctrl-C.")
    ] = False,
    check: Annotated[
        str,
        typer.Option(
            "--check",
            metavar="COMMAND",
            help="Run COMMAND while the simulators still run; their addresses are in ML_DEMO_SOURCE_URL and "
            "ML_DEMO_TARGET_URL. When it fails, so does the demo.",
        ),
    ] = "",
    state: Annotated[
        str, typer.Option("--state", "--keep", metavar="FILE", help="Write the simulators' addresses to FILE (JSON).")
    ] = "",
    as_json: JsonOption = False,
) -> int:
    """Try it: two simulated systems, one run, one table.

    Starts simulated IFS Cloud and ServiceNow, runs the flow between them and shows what came of it.

    Everything stays in the folder .ml-connector-demo, made anew each time. Exit status: that of the run.
    """
    output = Output(as_json)
    with Simulators() as simulators:
        home = _fresh_folder()
        output.note("Starting simulated IFS Cloud and ServiceNow ...")
        ends = [simulators.start(system, port_for(system)) for system in PAIR]
        file = home / "ml-connector.yaml"
        file.write_text(configuration_text(ends, [PAIR]), encoding="utf-8")
        _write_state(state, ends, home)
        report = _run(home, file, output)
        checked = _check(check, ends, output) if check else None
        if output.as_json:
            output.document(_document(report, ends, home, checked))
        else:
            _show(report, ends, home, output, running=not exit_after)
        if checked:
            output.note(f"[red]The check failed[/] with exit status {checked}.")
        if not exit_after:
            output.note("\nThe simulators keep running, so that you can look around. Press Ctrl-C to end them.")
            with suppress(KeyboardInterrupt):
                simulators.wait()
    return 1 if checked else report.exit_status


def _fresh_folder() -> Path:
    """The demo's own data folder, emptied; ConfigurationError when it is somebody else's."""
    base = os.environ.get("ML_CONNECTOR_HOME")
    home = (Path(base).expanduser() if base else Path.cwd()) / FOLDER
    if home.exists():
        _refuse_foreign(home)
        shutil.rmtree(home)
    try:
        home.mkdir(mode=0o700, parents=True)
        (home / MARK).write_text(str(os.getpid()), encoding="utf-8")
    except OSError as error:
        fix = "Run the demo in a folder that you may write to, or name one in ML_CONNECTOR_HOME."
        raise ConfigurationError(f"{home} cannot be made: {error.strerror}.", fix=fix) from error
    return home


def _refuse_foreign(home: Path) -> None:
    """ConfigurationError unless the folder is that of a demo which has ended."""
    fix = "Move it away, or run the demo in another folder."
    if not (home / MARK).exists():
        raise ConfigurationError(f"{home} was not made by an earlier demo and is left alone.", fix=fix)
    owner = (home / MARK).read_text(encoding="utf-8")
    with suppress(ValueError, ProcessLookupError):
        os.kill(int(owner), 0)
        if int(owner) != os.getpid():
            fix = "Look at that one, or end it with Ctrl-C first; or run the demo in another folder."
            raise ConfigurationError("A demo is running in this folder already.", fix=fix)


def _run(home: Path, file: Path, output: Output) -> Report:
    """Apply the file and run its flow; neither database nor keys of the environment are touched."""
    from ml_connector.app import Application, Environment
    from ml_connector.cli.progress import RunProgress

    with Application(Environment(home)) as app:
        app.apply(file.read_text(encoding="utf-8"), file=str(file))
        with cancelling(app, output), RunProgress(output) as progress:
            return app.run(FLOW, progress)


def _write_state(file: str, ends: list[Json], home: Path) -> None:
    if file:
        source, target = ends
        Path(file).write_text(
            json.dumps({"source": source, "target": target, "home": str(home), "flow": FLOW}, indent=2) + "\n",
            encoding="utf-8",
        )


def _check(command: str, ends: list[Json], output: Output) -> int:
    """Run the check with its output on standard error; its exit status."""
    addresses = {"ML_DEMO_SOURCE_URL": ends[0]["url"], "ML_DEMO_TARGET_URL": ends[1]["url"]}
    output.note(f"Checking: {output.escape(command)}")
    done = subprocess.run(["/bin/sh", "-c", command], env={**os.environ, **addresses}, stdout=sys.stderr)  # noqa: S603
    return done.returncode


def _document(report: Report, ends: list[Json], home: Path, checked: int | None) -> Json:
    return {
        "run": report.document(),
        "simulators": [{"system": end["system"], "url": end["url"]} for end in ends],
        "home": str(home),
        "check": checked,
    }


def _show(report: Report, ends: list[Json], home: Path, output: Output, *, running: bool) -> None:
    from ml_connector.cli.summary import show

    show(report, output, advice=False)
    called = f"ML_CONNECTOR_HOME={shlex.quote(_short(home))} {program_name()}"
    output.show("\n[bold]Look around[/]")
    if running:
        output.show(f"  What the ERP holds: {ends[0]['url']}")
        output.show(f"  What arrived:       {ends[1]['url']}")
    output.show(f"  The configuration:  {output.escape(_short(home))}/ml-connector.yaml")
    output.show("  Every record:")
    output.command(f"{called} records {FLOW}")
    example = next((line for line in report.exceptions if line.key and line.route == "invoices"), None)
    if example:
        told = f"{called} record {FLOW} {example.route} {shlex.quote(example.key)}"
        output.show("  The story of one of them:")
        output.command(told)


def _short(path: Path) -> str:
    """Relative to the current folder where it is below it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
