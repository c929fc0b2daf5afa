"""Two processes on one flow: the second is refused; one that is frozen is taken over and, thawed, writes nothing."""

from __future__ import annotations

import functools
import os
import signal
import time
from pathlib import Path

from campaign.kills import RequestKill, Strike
from campaign.plant import Ended, Plant
from campaign.play import check
from campaign.preparing import edit_between, prepare
from campaign.scenario import Played, Scenario
from flows.plant import FLOW
from flows.processes import Program

REFUSED = 2
LONGEST_WAIT_S = 60.0
"""For the lease to expire (5 s), and for a database that the frozen process keeps locked."""
TELLING = "This flow is being run by"
SLOWLY_S = 0.15
"""How long each answer of the target takes while both processes are awake."""


def freeze_and_take_over(plant: Plant, scenario: Scenario, played: Played) -> None:
    """Freeze a run at a request, take it over, and thaw it."""
    prepare(plant, scenario.stage, scenario.seed)
    frozen = _freeze(plant, scenario)
    if frozen is None:
        played.missed += 1
    else:
        played.kills += 1
        _with_the_frozen(plant, scenario, frozen, played)


def _freeze(plant: Plant, scenario: Scenario) -> Program | None:
    """A process that stands still since a request it sent; None: it was through before."""
    order = scenario.kills[0]
    assert isinstance(order, RequestKill)
    process = plant.start()
    simulator = plant.source if order.end == "source" else plant.target
    strike = Strike(process.pid, order.nth, order.match, signal.SIGSTOP)
    simulator.kill_order = strike
    while process.poll() is None and not _stands_still(process.pid):
        time.sleep(0.01)
    plant.take_back_orders()
    while process.poll() is None and plant.books.is_kept_busy():  # frozen there, it would keep everybody out
        os.kill(process.pid, signal.SIGCONT)
        time.sleep(0.005)
        os.kill(process.pid, signal.SIGSTOP)
    if process.poll() is not None:
        plant.end(process)
        return None
    plant.wait_until_quiet()
    return process


def _stands_still(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False


def _with_the_frozen(plant: Plant, scenario: Scenario, frozen: Program, played: Played) -> None:
    refused = plant.run(None, "run", FLOW)
    if refused.status != REFUSED or TELLING not in refused.said:
        played.findings.add("run", f"the second process was not refused: {refused.status} {refused.said[-300:]}")
    if scenario.edited:
        edit_between(plant, scenario.stage, scenario.seed)
    if scenario.thawed == "during":
        _thaw_during(plant, frozen, played)
    else:
        _thaw_after(plant, scenario, frozen, played)


def _thaw_after(plant: Plant, scenario: Scenario, frozen: Program, played: Played) -> None:
    """The other is through when the first wakes up: from then on nobody has anything to write."""
    _take_over(plant, played)
    check(plant, scenario, played.findings)
    plant.forget_requests()
    _wake(plant, frozen, played)
    if plant.writes:
        played.findings.add("write", f"the thawed process wrote {plant.writes} rows")


def _thaw_during(plant: Plant, frozen: Program, played: Played) -> None:
    """The other is in the middle of its writes when the first wakes up."""
    plant.call(functools.partial(plant.target.add_fault, action={"do": "delay", "seconds": SLOWLY_S}))
    deadline = time.monotonic() + LONGEST_WAIT_S
    while time.monotonic() < deadline:
        plant.forget_requests()
        other = plant.start()
        while other.poll() is None and not plant.writes:
            time.sleep(0.02)
        if other.poll() != REFUSED:
            break
        plant.end(other)
        time.sleep(0.5)
    _wake(plant, frozen, played)
    if other in plant.processes:
        ended = plant.end(other)
        if ended.status not in (0, 3, 4):
            played.findings.add("run", f"the one that took over: {ended.status} {ended.said[-300:]}")
    plant.call(plant.target.faults.clear)
    plant.wait_until_quiet()


def _take_over(plant: Plant, played: Played) -> Ended:
    """Try until the lease has expired."""
    deadline = time.monotonic() + LONGEST_WAIT_S
    while True:
        ended = plant.run()
        if ended.status in (0, 3):
            return ended
        if ended.status not in (REFUSED, 4) or time.monotonic() > deadline:
            played.findings.add("run", f"nobody could take over: {ended.status} {ended.said[-300:]}")
            return ended
        time.sleep(0.5)


def _wake(plant: Plant, frozen: Program, played: Played) -> None:
    os.kill(frozen.pid, signal.SIGCONT)
    ended = plant.end(frozen)
    plant.wait_until_quiet()
    if ended.status in (0, 3):
        played.findings.add("run", "the thawed process believes that it finished the run")
    elif ended.status != 4:
        played.findings.add("run", f"the thawed process: {ended.status} {ended.said[-300:]}")
