"""The measuring process: takes a task as its argument, prints what it measured."""

from __future__ import annotations

import sys

import msgspec

from benchmarks.task import Measured, Task


def main() -> None:
    """Each side is imported alone, so that its memory is its own."""
    task = msgspec.json.decode(sys.argv[1], type=Task)
    measured = _bare(task) if task.side == "bare" else _product(task)
    print(msgspec.json.encode(measured).decode())


def _bare(task: Task) -> Measured:
    from benchmarks import bare

    return bare.measure(task)


def _product(task: Task) -> Measured:
    from benchmarks import product

    return product.measure(task)


if __name__ == "__main__":
    main()
