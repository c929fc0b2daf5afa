"""What a run has done, as a table, and below it what people have to do."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from ml_connector.cli import words
from ml_connector.records import REASONS

if TYPE_CHECKING:
    from ml_connector.cli.output import Output
    from ml_connector.sync.report import ExceptionLine, Report, RouteReport

COLUMNS: tuple[tuple[str, tuple[str, ...], bool], ...] = (
    # title, the outcomes it adds up, shown even when all are zero
    ("Created", ("created",), True),
    ("Updated", ("updated",), False),
    ("Adopted", ("adopted",), False),
    ("Unchanged", ("unchanged",), False),
    ("Waiting", ("waiting",), False),
    ("In doubt", ("in_doubt",), False),
    ("Unsent", ("received",), False),
    ("Set aside", ("held", "rejected"), True),
    ("Excluded", ("excluded",), False),
)
EXAMPLES = 3


def show(report: Report, output: Output, *, advice: bool = True) -> None:
    """The whole report for people; `advice` names the commands to go on with."""
    output.show(table([(report.flow, route) for route in report.routes]))
    took = words.duration(max(0.0, report.finished_at - report.started_at))
    kind = "Dry run, nothing was written" if report.dry_run else f"Run {report.run_id}"
    output.show(f"{kind}: {words.outcome(report.outcome)} after {took}. {_requests(report)}")
    if report.dry_run:
        _show_would_write(report, output)
    if report.parked:
        output.show("[red]This flow ended three times without finishing and is parked.[/]")
        output.show("   Do:  Read what it met last in the log, correct it, then run the flow again.")
    for line in (route.stopped for route in report.routes if route.stopped):
        output.show(f"\n[red]{words.entity(line.route)} stopped:[/] {output.escape(line.message)}")
        _advise(line.fix, line.who, output)
    for line in (route.skipped for route in report.routes if route.skipped):
        output.show(f"\n[yellow]{words.entity(line.route)} passed over:[/] {output.escape(line.message)}")
        _advise(line.fix, line.who, output)
    aside = [line for line in report.exceptions if line.key]
    show_exceptions(aside, output)
    if aside and advice and not report.dry_run:
        output.show("\nThe whole story of one of them; and what to run once they are corrected:")
        output.command(f"ml-connector record {report.flow} {aside[0].route} {shlex.quote(aside[0].key)}")
        output.command(f"ml-connector run {report.flow}; ml-connector replay {report.flow}")


def show_all(reports: Sequence[Report], output: Output) -> None:
    """Several runs in one table, and below it why records were set aside, over all of them."""
    output.show(table([(report.flow, route) for report in reports for route in report.routes]))
    took = words.duration(sum(max(0.0, report.finished_at - report.started_at) for report in reports))
    output.show(f"{words.count(len(reports), 'flow')} in {took}.")
    for report in reports:
        for route in report.routes:
            for line, word, colour in ((route.stopped, "stopped", "red"), (route.skipped, "passed over", "yellow")):
                if line:
                    output.show(f"[{colour}]{report.flow}, {line.route} {word}:[/] {output.escape(line.message)}")
    groups: dict[str, list[str]] = {}
    for report in reports:
        for line in report.exceptions:
            if line.key:
                groups.setdefault(line.code, []).append(report.flow)
    if not groups:
        return
    total = sum(map(len, groups.values()))
    output.show(f"\n[bold]{words.count(total, 'record')} set aside, because they need a person:[/]")
    for code, flows in sorted(groups.items(), key=lambda group: -len(group[1])):
        reason = REASONS.get(code)
        meaning = reason.meaning if reason else ""
        output.show(f"  [yellow]{words.number(len(flows)):>4}[/]  {meaning} [dim]{code}[/]")


def table(routes: Sequence[tuple[str, RouteReport]]) -> Table:
    """A line a route, with the flow's name before the first of each; columns without any record are left out."""
    shown = [
        (title, names)
        for title, names, always in COLUMNS
        if always or any(route.counts[name] for _, route in routes for name in names)
    ]
    several = len({flow for flow, _ in routes}) > 1
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    if several:
        made.add_column("Flow", no_wrap=True)
    made.add_column("Route", no_wrap=True)
    for title in ("Read", *(title for title, _ in shown)):
        made.add_column(title, justify="right")
    made.add_column(" Outcome", no_wrap=True)
    before = ""
    for flow, route in routes:
        numbers = [words.number(sum(route.counts[name] for name in names)) for _, names in shown]
        arrow = {"target_to_source": " (back)"}.get(route.direction, "")
        made.add_row(
            *([flow if flow != before else ""] if several else []),
            route.route.value + arrow,
            words.number(route.read),
            *numbers,
            f" {words.outcome(route.outcome, short=True)}",
        )
        before = flow
    return made


def show_exceptions(lines: Iterable[ExceptionLine], output: Output) -> None:
    """Records set aside, by reason: how many, which, what to do and who."""
    groups: dict[tuple[str, str], list[ExceptionLine]] = {}
    for line in lines:
        groups.setdefault((line.code, line.route), []).append(line)
    if not groups:
        return
    total = sum(len(group) for group in groups.values())
    output.show(f"\n[bold]{words.count(total, 'record')} set aside:[/]")
    for (code, route), group in groups.items():
        reason = REASONS.get(code)
        meaning = reason.meaning if reason else ""
        name = words.count(len(group), _singular(route), words.entity(route))
        output.show(f"\n [yellow]{name}[/]: {meaning} [dim]{code}[/]")
        for line in group[:EXAMPLES]:
            output.show(f"   [cyan]{output.escape(line.key)}[/]  {output.escape(_first(line.message))}")
        if len(group) > EXAMPLES:
            output.show(f"   and {words.number(len(group) - EXAMPLES)} more")
        _advise(group[0].fix or (reason.fix if reason else ""), group[0].who, output)


def _first(message: str) -> str:
    """The first problem of several; `record` tells them all."""
    first, *others = message.split(".; ")
    return f"{first}. (and {words.count(len(others), 'more problem')})" if others else first


def _singular(route: str) -> str:
    from ml_connector.records import Entity

    return Entity(route).singular if route in {entity.value for entity in Entity} else route


def _advise(fix: str, who: str, output: Output) -> None:
    if fix:
        output.show(f"   Do:  {output.escape(fix)}")
    if who and who != "nobody":
        output.show(f"   Who: {output.escape(who)}")


def _requests(report: Report) -> str:
    source = sum(route.requests["source"] for route in report.routes)
    target = sum(route.requests["target"] for route in report.routes)
    return f"{words.count(source, 'request')} to the source, {words.number(target)} to the target."


def _show_would_write(report: Report, output: Output) -> None:
    groups: dict[tuple[str, str, str], list[str]] = {}
    for write in report.would_write:
        groups.setdefault((write.route, write.action, write.table), []).append(write.key)
    if not groups:
        output.show("\nNothing would be written.")
        return
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1), title="Would be written")
    for title in ("Route", "Action", "Table", "Rows", "Records", "For example"):
        made.add_column(title, justify="right" if title in ("Rows", "Records") else "left", overflow="fold")
    for (route, action, name), keys in groups.items():
        records = list(dict.fromkeys(keys))
        some = ", ".join(records[:EXAMPLES]) + (" ..." if len(records) > EXAMPLES else "")
        made.add_row(route, action, name, words.number(len(keys)), words.number(len(records)), output.escape(some))
    output.show("", made)
