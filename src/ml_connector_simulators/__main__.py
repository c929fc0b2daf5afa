"""`python -m ml_connector_simulators SYSTEM`: serves one simulated system, or `all`, until it is told to stop.

Prints one JSON line per system once it answers: {"system", "url", "settings", "credentials"}.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence

from . import exact_json
from .framework import Simulator
from .registry import simulator_class, systems


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0 after SIGTERM or SIGINT, 2 if a port is taken."""
    given = _parser().parse_args(arguments)
    names = systems() if given.system == "all" else [given.system]
    simulators = [_simulator(name, given) for name in names]
    try:
        asyncio.run(serve(simulators))
    except OSError as error:
        print(f"cannot listen: {error.strerror or error}; choose another --port", file=sys.stderr)
        return 2
    return 0


async def serve(simulators: Sequence[Simulator]) -> None:
    """Starts the simulators, announces each on standard output, and waits for SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    started: list[Simulator] = []
    try:
        for simulator in simulators:
            await simulator.start()
            started.append(simulator)
            print(exact_json.dump(simulator.connection()).decode(), flush=True)
        await stop.wait()
    finally:
        for simulator in started:
            await simulator.stop()


def _simulator(name: str, given: argparse.Namespace) -> Simulator:
    kind = simulator_class(name)
    port = kind.default_port if given.port is None else given.port
    return kind(size=given.size, seed=given.seed, port=port)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ml_connector_simulators", description="Serves simulated systems.")
    parser.add_argument("system", choices=[*systems(), "all"])
    parser.add_argument("--port", type=int, help="default: the system's own; 0: a free one")
    parser.add_argument("--size", choices=["small", "medium"], default="small")
    parser.add_argument("--seed", type=int, default=1)
    return parser


if __name__ == "__main__":
    sys.exit(main())
