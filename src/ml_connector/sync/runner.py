"""One run of a flow from its first step to its report; the only place that knows the order."""

from __future__ import annotations

from ml_connector import clock
from ml_connector.errors import (
    CancelledError,
    ConfigurationError,
    ContractError,
    LeaseLostError,
    MLConnectorError,
    ModuleMissingError,
    StoppedError,
    UnreachableError,
)
from ml_connector.records import Entity
from ml_connector.sync import resume
from ml_connector.sync.context import RouteContext, RunContext
from ml_connector.sync.flow import RouteConfig
from ml_connector.sync.pipeline import Pipeline
from ml_connector.sync.receive import keep, receive
from ml_connector.sync.report import ExceptionLine, Report, RouteReport
from ml_connector.sync.sweep import is_due, sweep


async def run_flow(run: RunContext) -> Report:
    """Run the flow's routes in dependency order. Never raises for what a route met: that is in the report."""
    await resume.doubt_open_intents(run)
    wanted = [r for r in run.flow.routes if r.enabled and _chosen(run, r.entity)]
    contexts: dict[Entity, RouteContext] = {}
    for config in wanted:
        context = _context(run, contexts, config)
        if doubtful := [entity for entity in config.needs_all_of if _in_doubt(contexts, entity)]:
            _defer(context, doubtful)
            continue
        try:
            await _run_route(context)
        except StoppedError as error:
            _stop(context, error, "cancelled" if isinstance(error, CancelledError) else "incomplete")
            if isinstance(error, LeaseLostError):
                raise
            break
        except ModuleMissingError as error:
            if not config.optional:
                _stop(context, error, "failed")
                break
            context.report.skipped = _line(context, error)
        except (ConfigurationError, UnreachableError) as error:
            _stop(context, error, "failed")
            break  # the other routes use the same two systems and would fail for the same reason
        except MLConnectorError as error:
            _stop(context, error, "failed")
        finally:
            run.progress.route_finished(context.report)
    run.report.finished_at = clock.now().timestamp()
    return run.report


def _in_doubt(contexts: dict[Entity, RouteContext], entity: Entity) -> bool:
    return entity in contexts and contexts[entity].report.counts["in_doubt"] > 0


def _defer(context: RouteContext, doubtful: list[Entity]) -> None:
    """Not now; what refers to its records waits for the next run."""
    names = " and ".join(entity.value.replace("_", " ") for entity in doubtful)
    message = f"It waits until nothing about {names} is in doubt any more."
    fix = "Nothing to do: the next run after the window for late writes goes on."
    context.run.deferred.add(context.entity)
    context.report.outcome = "incomplete"
    context.report.stopped = ExceptionLine(context.entity.value, "", "STOPPED", message, fix, "nobody")
    context.run.report.exceptions.insert(0, context.report.stopped)
    context.run.progress.route_finished(context.report)


def _chosen(run: RunContext, entity: Entity) -> bool:
    return not run.run.options.entities or entity in run.run.options.entities


def _context(run: RunContext, contexts: dict[Entity, RouteContext], config: RouteConfig) -> RouteContext:
    """The route's context, made once a run: a parent may be pulled by a child after its own turn."""
    if config.entity in contexts:
        return contexts[config.entity]

    async def pull(entity: Entity, keys: list[str]) -> None:
        parent = run.flow.route(entity)
        if parent is not None:
            await _pull(_context(run, contexts, parent), keys)

    report = RouteReport(config.entity, config.direction)
    report.counts.update(run.run.counts.get(f"{config.entity.value}:{config.direction}", {}))
    run.report.routes.append(report)
    contexts[config.entity] = RouteContext(
        run=run,
        config=config,
        stream=run.source.stream(config.entity),
        target=run.target.target(config.entity),
        report=report,
        pull=pull,
    )
    return contexts[config.entity]


async def _pull(context: RouteContext, keys: list[str]) -> None:
    """Fetch parents that are wanted but not known, and deliver them through their own route."""
    records = await context.stream.fetch(keys)
    if records:
        pipeline = Pipeline(context)
        await keep(context, pipeline, records, origin="parent")
        await pipeline.drain()


async def _run_route(context: RouteContext) -> None:
    run, options = context.run, context.run.run.options
    before = run.source.requests, run.target.requests
    try:
        if options.replay:
            run.progress.route_started(context.entity, False)
            await resume.replay(context, Pipeline(context), options)
            context.report.outcome = _outcome(context.report, True)
        else:
            context.report.outcome = _outcome(context.report, await _read_and_write(context))
    finally:
        context.report.requests["source"] += run.source.requests - before[0]
        context.report.requests["target"] += run.target.requests - before[1]


async def _read_and_write(context: RouteContext) -> bool:
    """Resume, then the window, then now and then a sweep; each settled before the next begins."""
    run, options = context.run, context.run.run.options
    pipeline = Pipeline(context)
    try:
        await resume.drain_inbox(context, pipeline)
        await resume.take_up(context, pipeline)
        state = await run.call(run.store.route_state, context.config.id)
        complete = await receive(context, pipeline, state, full=options.full, limit=options.limit)
        if complete and options.limit is None:
            await _sweep_when_due(context, pipeline)
        return complete
    except MLConnectorError:
        await _settle_the_rest(pipeline)
        raise


async def _sweep_when_due(context: RouteContext, pipeline: Pipeline) -> None:
    run = context.run
    state = await run.call(run.store.route_state, context.config.id)
    if state.swept_at is None:  # the first load has just read everything
        await run.call(run.store.set_route, run.lease, run.run, context.config.id, swept_at=clock.now().timestamp())
    elif is_due(context, state):
        await sweep(context, pipeline)


async def _settle_the_rest(pipeline: Pipeline) -> None:
    """What is under way is answered and settled before a route ends early; a second error adds nothing."""
    try:
        await pipeline.drain()
    except LeaseLostError:
        raise
    except MLConnectorError:
        return


def _outcome(report: RouteReport, complete: bool) -> str:
    counts = report.counts
    if not complete or counts["in_doubt"] or counts["received"]:
        return "incomplete"
    return "complete_with_exceptions" if counts["held"] or counts["rejected"] else "complete"


def _stop(context: RouteContext, error: MLConnectorError, outcome: str) -> None:
    context.report.outcome = outcome
    context.report.stopped = _line(context, error)
    context.run.report.exceptions.insert(0, context.report.stopped)


def _line(context: RouteContext, error: MLConnectorError) -> ExceptionLine:
    code = "STOPPED" if isinstance(error, StoppedError) else type(error).__name__.removesuffix("Error").upper()
    who = error.who or ("ml-connector developers" if isinstance(error, ContractError) else "nobody")
    return ExceptionLine(context.entity.value, "", code, error.message, error.fix, who)
