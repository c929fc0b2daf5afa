"""`simulate`: simulated systems to try things on."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from ml_connector.cli.configure import DEFAULT_FILE
from ml_connector.cli.options import Json
from ml_connector.cli.output import Output
from ml_connector.cli.simulators import PORTS, Simulators, configuration_text
from ml_connector.errors import ConfigurationError


def register(program: typer.Typer) -> None:
    program.command()(simulate)


def simulate(
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="ifs_cloud, servicenow ... or all.")],
    port: Annotated[
        int | None, typer.Option("--port", metavar="P", min=0, max=65535, help="Where to listen; 0 is any free port.")
    ] = None,
    size: Annotated[str, typer.Option("--size", metavar="SIZE", help="small or medium.")] = "small",
    json: Json = False,
) -> None:
    """Serve a simulated system until Ctrl-C.

    `all` serves every one and writes a ready ml-connector.yaml where there is none.
    """
    output = Output(json)
    systems = _chosen(system, port, size)
    with Simulators(size) as simulators, suppress(KeyboardInterrupt):
        found = [simulators.start(each, PORTS[each] if port is None else port) for each in systems]
        file = _write_configuration(found) if system == "all" else ""
        if output.as_json:
            output.document({"simulators": found, "file": file})
        else:
            _show(found, file, output)
        simulators.wait()


def _chosen(system: str, port: int | None, size: str) -> list[str]:
    from ml_connector.configuration.tree import suggestion
    from ml_connector.systems.registry import MODULES

    if size not in ("small", "medium"):
        raise ConfigurationError(f"There is no size {size!r}.", fix="Possible: medium, small.")
    if system == "all":
        if port:
            raise ConfigurationError("One port is not enough for all simulators.", fix="Leave --port out.")
        return [each for each in PORTS if each in MODULES]
    if system not in MODULES:
        raise ConfigurationError(f"There is no simulator of {system!r}.", fix=suggestion(system, [*MODULES, "all"]))
    return [system]


def _write_configuration(found: list[dict[str, Any]]) -> str:
    """The file's name when it was written; one that is there already is left alone."""
    from ml_connector.flows import PAIRS

    names = [each["system"] for each in found]
    try:
        with Path(DEFAULT_FILE).open("x", encoding="utf-8") as file:
            file.write(configuration_text(found, [pair for pair in PAIRS if set(pair) <= set(names)]))
    except FileExistsError:
        return ""
    return DEFAULT_FILE


def _show(found: list[dict[str, Any]], file: str, output: Output) -> None:
    for each in found:
        output.show(f"[bold]{each['system']}[/] at {each['url']} (open it in a browser to see what it holds)")
        for title in ("settings", "credentials"):
            pairs = ", ".join(f"{name}: {_text(value)}" for name, value in each[title].items())
            output.show(f"  {title}: {output.escape(pairs)}")
    if file:
        output.show(f"\nWrote {file}. In another window: ml-connector apply, then ml-connector run ifs-to-snow")
    output.show("\nPress Ctrl-C to stop.")


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
