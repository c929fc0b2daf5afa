"""The measuring process: takes a task as its argument, prints what it measured."""

from __future__ import annotations

import sys

import msgspec

from benchmarks.flow_task import FlowTask
from benchmarks.task import Measured, Task


def main() -> None:
    """Each side is imported alone, so that its memory is its own."""
    task = msgspec.json.decode(sys.argv[1], type=Task | FlowTask)
    measured = _flow(task) if isinstance(task, FlowTask) else _bare(task) if task.side == "bare" else _product(task)
    print(msgspec.json.encode(measured).decode())


def _flow(task: FlowTask) -> Measured:
    if task.side == "bare":
        from benchmarks import replay

        return replay.measure(task)
    from benchmarks import flow_run

    return flow_run.measure(task)


def _bare(task: Task) -> Measured:
    from benchmarks import bare

    return bare.measure(task)


def _product(task: Task) -> Measured:
    from benchmarks import product

    return product.measure(task)


if __name__ == "__main__":
    main()
