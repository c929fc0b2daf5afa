"""`demo`: the whole product on simulated systems, in one command."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ml_connector.cli.options import Json as JsonOption
from ml_connector.cli.output import Output
from ml_connector.cli.run import cancelling
from ml_connector.cli.simulators import Simulators, configuration_text, flow_name, port_for, program_name
from ml_connector.errors import ConfigurationError
from ml_connector.flows import PROMISED
from ml_connector.sync.report import EXIT_STATUS, worst

if TYPE_CHECKING:
    from ml_connector.sync.flow import Pair
    from ml_connector.sync.report import Report

FOLDER = ".ml-connector-demo"
MARK = "made-by-ml-connector-demo"
Json = dict[str, Any]


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
            help="Run COMMAND while the simulators still run; ML_DEMO_SYSTEMS has their addresses (`system=url ...`), "
            "ML_DEMO_FLOWS the flows (`source:target ...`). When it fails, so does the demo.",
        ),
    ] = "",
    state: Annotated[
        str, typer.Option("--state", "--keep", metavar="FILE", help="Write the simulators' addresses to FILE (JSON).")
    ] = "",
    as_json: JsonOption = False,
) -> int:
    """Try it: six simulated systems, five flows, one table.

    Starts simulated Plex, SYSPRO, Sage X3, IFS Cloud, ServiceNow and Procurify, runs the five flows between them and
    shows what came of it.

    Everything stays in the folder .ml-connector-demo, made anew each time. Exit status: that of the worst run.
    """
    output = Output(as_json)
    with Simulators() as simulators:
        played = _play(simulators, state, check, output)
        if output.as_json:
            output.document(played.document())
        else:
            _show(played, output, running=not exit_after)
        if played.checked:
            output.note(f"[red]The check failed[/] with exit status {played.checked}.")
        if not exit_after:
            output.note("\nThe simulators keep running, so that you can look around. Press Ctrl-C to end them.")
            with suppress(KeyboardInterrupt):
                simulators.wait()
    return 1 if played.checked else EXIT_STATUS[played.outcome]


@dataclass(frozen=True)
class _Played:
    """What came of it."""

    home: Path
    ends: Mapping[str, Json]
    """The simulators by system, as `Simulators.start` tells them."""
    reports: list[Report]
    checked: int | None
    """Exit status of the check; None without one."""

    @property
    def outcome(self) -> str:
        return worst([report.outcome for report in self.reports])

    def document(self) -> Json:
        return {
            "outcome": self.outcome,
            "runs": [report.document() for report in self.reports],
            "simulators": [{"system": system, "url": end["url"]} for system, end in self.ends.items()],
            "home": str(self.home),
            "check": self.checked,
        }


def _play(simulators: Simulators, state: str, check: str, output: Output) -> _Played:
    """Start the systems, run the flows between them, and let the check look at them."""
    home = _fresh_folder()
    output.note("Starting six simulated systems ...")
    systems = dict.fromkeys(end for pair in PROMISED for end in (pair.source, pair.target))
    ends = {system: simulators.start(system, port_for(system)) for system in systems}
    flows = {flow_name(pair.source, pair.target): pair for pair in PROMISED}
    file = home / "ml-connector.yaml"
    pairs = [(pair.source, pair.target) for pair in PROMISED]
    file.write_text(configuration_text(list(ends.values()), pairs), encoding="utf-8")
    _write_state(state, ends, home, list(flows))
    reports = _run(home, file, flows, output)
    return _Played(home, ends, reports, _check(check, ends, flows, output) if check else None)


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


def _run(home: Path, file: Path, flows: Mapping[str, Pair], output: Output) -> list[Report]:
    """Apply the file and run its flows one after another; neither database nor keys of the environment are touched."""
    from ml_connector.app import Application, Environment
    from ml_connector.cli.progress import RunProgress

    reports = []
    with Application(Environment(home)) as app:
        app.apply(file.read_text(encoding="utf-8"), file=str(file))
        for number, (name, pair) in enumerate(flows.items(), 1):
            output.note(f"\n[bold]{number} of {len(flows)}: {_titled(pair)}[/]")
            with cancelling(app, output), RunProgress(output) as progress:
                reports.append(app.run(name, progress))
    return reports


def _titled(pair: Pair) -> str:
    from ml_connector.systems.registry import connector

    return f"{connector(pair.source).title} into {connector(pair.target).title}"


def _write_state(file: str, ends: Mapping[str, Json], home: Path, flows: list[str]) -> None:
    if file:
        document = {"simulators": list(ends.values()), "flows": flows, "home": str(home)}
        Path(file).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _check(command: str, ends: Mapping[str, Json], flows: Mapping[str, Pair], output: Output) -> int:
    """Run the check with its output on standard error; its exit status."""
    told = {
        "ML_DEMO_SYSTEMS": " ".join(f"{system}={end['url']}" for system, end in ends.items()),
        "ML_DEMO_FLOWS": " ".join(f"{pair.source}:{pair.target}" for pair in flows.values()),
    }
    output.note(f"\nChecking: {output.escape(command)}")
    return subprocess.run(["/bin/sh", "-c", command], env={**os.environ, **told}, stdout=sys.stderr).returncode  # noqa: S603


def _show(played: _Played, output: Output, *, running: bool) -> None:
    from ml_connector.cli.summary import show_all
    from ml_connector.systems.registry import connector

    output.show("")
    show_all(played.reports, output)
    home, last = _short(played.home), played.reports[-1]
    called = f"ML_CONNECTOR_HOME={shlex.quote(home)} {program_name()}"
    output.show("\n[bold]Look around[/]")
    if running:
        for system, end in played.ends.items():
            output.show(f"  {connector(system).title:<11}{end['url']}")
    output.show(f"  The configuration: {output.escape(home)}/ml-connector.yaml")
    output.show("  Every record of a flow, and the story of one of them:")
    output.command(f"{called} records {last.flow}")
    example = next((line for line in last.exceptions if line.key and line.route == "invoices"), None)
    if example:
        output.command(f"{called} record {last.flow} {example.route} {shlex.quote(example.key)}")


def _short(path: Path) -> str:
    """Relative to the current folder where it is below it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
