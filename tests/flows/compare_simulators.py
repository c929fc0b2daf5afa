"""Compares what simulated ERPs hold with what arrived in a simulated procurement system, document by document.

    python tests/flows/compare_simulators.py TARGET=URL SOURCE=URL [SOURCE=URL ...]

for example `servicenow=http://127.0.0.1:9106 ifs_cloud=http://127.0.0.1:9104`. Without arguments the demo's flows are
compared: its systems are in ML_DEMO_SYSTEMS, its flows in ML_DEMO_FLOWS.

Imports nothing of the product: it decides by itself, from the sources' rows, which documents have to be there, with
which amounts, references and coding, and which must not be. Exit status 0 when both sides agree, 1 with a line for
each disagreement.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from flows.judge.model import Source, Target
from flows.judge.rows import fetch
from flows.judge.verdict import compare


def source_of(system: str, url: str) -> Source:
    """What a simulated ERP wants to be moved."""
    found: Source = import_module(f"flows.judge.{system}").source(fetch(url))
    return found


def target_of(system: str, url: str) -> Target:
    """What has arrived."""
    found: Target = import_module(f"flows.judge.{system}").target(fetch(url))
    return found


def disagreements(target: tuple[str, str], *sources: tuple[str, str]) -> list[str]:
    """All in which they disagree; each end is (system, address)."""
    return compare([source_of(*source) for source in sources], target_of(*target))


def told(target: tuple[str, str], *sources: tuple[str, str]) -> bool:
    """Compare, and print what came of it; whether they agree."""
    here = target_of(*target)
    problems = compare([source_of(*source) for source in sources], here)
    for problem in problems[:20]:
        print(problem)
    names = ", ".join(system for system, _ in sources)
    counted = f"{sum(here.suppliers.values())} suppliers, {len(here.orders)} orders, {len(here.invoices)} invoices"
    word = "DIFFERENT" if problems else "equal"
    print(f"{word}: {len(problems)} disagreements between {names} and {target[0]}; on the target {counted}")
    return not problems


def of_demo(variables: Mapping[str, str]) -> list[list[tuple[str, str]]]:
    """The demo's targets, each with the sources that flow into it."""
    urls = dict(pair.split("=", 1) for pair in variables["ML_DEMO_SYSTEMS"].split())
    flows = [flow.split(":") for flow in variables["ML_DEMO_FLOWS"].split()]
    targets = dict.fromkeys(target for _, target in flows)
    return [
        [(target, urls[target]), *((source, urls[source]) for source, into in flows if into == target)]
        for target in targets
    ]


def main() -> int:
    given = [(system, url) for system, _, url in (each.partition("=") for each in sys.argv[1:])]
    wholes = [given] if given else of_demo(os.environ)
    agreed = [told(*ends) for ends in wholes]
    return 0 if all(agreed) else 1


if __name__ == "__main__":
    raise SystemExit(main())
