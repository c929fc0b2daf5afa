"""`hold`, `exclude`, `release`: what people decide about single records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ml_connector.cli import words
from ml_connector.cli.options import FlowName, Json, Keys, RouteName, application
from ml_connector.cli.output import Output
from ml_connector.errors import ConfigurationError

if TYPE_CHECKING:
    from ml_connector.app import Decision

Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept in the audit trail.")]


def register(program: typer.Typer) -> None:
    program.command()(hold)
    program.command()(exclude)
    program.command()(release)


def hold(flow: FlowName, route: RouteName, key: Keys, reason: Reason, json: Json = False) -> None:
    """Hold records back until they are released."""
    _decide("hold", flow, route, key, reason, Output(json))


def exclude(flow: FlowName, route: RouteName, key: Keys, reason: Reason, json: Json = False) -> None:
    """Take records out of the flow for good."""
    _decide("exclude", flow, route, key, reason, Output(json))


def release(flow: FlowName, route: RouteName, key: Keys, reason: Reason, json: Json = False) -> None:
    """Let held or excluded records go with the next run."""
    _decide("release", flow, route, key, reason, Output(json))


def _decide(decision: Decision, flow: str, route: str, keys: list[str], reason: str, output: Output) -> None:
    if not reason.strip():
        raise ConfigurationError("The reason is empty.", fix='Say why: --reason "confirmed by the supplier".')
    with application() as app:
        done = app.decide(decision, flow, route, keys, reason)
    unknown = [key for key in keys if key not in done]
    if output.as_json and not unknown:
        output.document({"decision": decision, "flow": flow, "route": route, "keys": done, "reason": reason})
    elif done and not output.as_json:
        past = {"hold": "Held", "exclude": "Excluded", "release": "Released"}[decision]
        then = f" They go with the next run: ml-connector run {flow}" if decision == "release" else ""
        output.show(f"{past}: {output.escape(', '.join(done))}.{then}")
    if unknown:
        rest = f" {words.count(len(done), 'other record')} changed." if done else " Nothing was changed."
        raise ConfigurationError(
            f"Not found among the {words.entity(route)} of {flow!r}: {', '.join(unknown)}.{rest}",
            fix=f"`ml-connector records {flow} --route {route}` lists the keys.",
        )
