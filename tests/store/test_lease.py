"""One process runs a flow; whoever lost it cannot write any more."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from ml_connector.errors import ConfigurationError, LeaseLostError
from ml_connector.store import leases
from ml_connector.sync.store import Event, Intent, RunOptions, Settlement

from .scene import Scene, document, raw


def test_second_process_is_told_who_runs_the_flow(scene: Scene) -> None:
    scene.take("plant7/4711/x")
    with pytest.raises(ConfigurationError, match="process 4711 on plant7") as caught:
        scene.store.acquire(scene.flow.id, "other/1/y", 5)
    assert caught.value.fields["owner"] == "plant7/4711/x"
    assert caught.value.fix


def test_an_expired_lease_is_taken_over_with_a_higher_epoch(scene: Scene) -> None:
    old = scene.take("frozen/1/x", ttl_s=0.05)
    time.sleep(0.1)
    new = scene.store.acquire(scene.flow.id, "other/1/y", 5)
    assert new.epoch == old.epoch + 1
    assert new.took_over
    assert not scene.store.renew(old)
    assert scene.store.renew(new)


def test_a_lease_that_expired_but_was_not_taken_can_be_renewed(scene: Scene) -> None:
    lease = scene.take("slow/1/x", ttl_s=0.05)
    time.sleep(0.1)
    assert scene.store.renew(lease)
    scene.settle()


def test_a_lease_given_back_after_a_finished_run_is_free(scene: Scene) -> None:
    scene.finish()
    scene.store.release(scene.lease)
    lease = scene.store.acquire(scene.flow.id, "other/1/y", 5)
    assert not lease.took_over


def test_a_run_that_never_ended_is_seen_although_the_lease_was_given_back(scene: Scene) -> None:
    scene.store.release(scene.lease)
    assert scene.store.acquire(scene.flow.id, "other/1/y", 5).took_over


def test_giving_back_a_lost_lease_leaves_the_new_holder_alone(scene: Scene) -> None:
    old = scene.take("frozen/1/x", ttl_s=0)
    new = scene.store.acquire(scene.flow.id, "other/1/y", 5)
    scene.store.release(old)
    assert scene.store.renew(new)


def test_the_lease_of_a_killed_process_of_this_machine_is_free_at_once(scene: Scene) -> None:
    code = "from ml_connector.store.leases import this_process; print(this_process())"
    dead = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    scene.take(dead)
    if sys.platform == "linux":
        assert scene.store.acquire(scene.flow.id, leases.this_process(), 5).took_over


def test_a_living_process_keeps_its_lease_even_when_the_same_machine_asks(scene: Scene) -> None:
    scene.take(leases.this_process())
    with pytest.raises(ConfigurationError, match=f"process {os.getpid()} on {platform.node()}"):
        scene.store.acquire(scene.flow.id, leases.this_process(), 5)


def test_a_process_of_another_container_is_never_taken_for_dead(scene: Scene) -> None:
    scene.take(f"{platform.node()}/999999/0123456789ab.4711/abcd")
    with pytest.raises(ConfigurationError):
        scene.store.acquire(scene.flow.id, leases.this_process(), 5)


WRITES: dict[str, Callable[[Scene], object]] = {
    "interrupted_run": lambda s: s.store.interrupted_run(s.lease),
    "start_run": lambda s: s.store.start_run(s.lease, RunOptions()),
    "finish_run": lambda s: s.store.finish_run(s.lease, s.run, "complete", {}),
    "set_route": lambda s: s.store.set_route(s.lease, s.run, s.route, swept_at=1.0),
    "keep_page": lambda s: s.page(raw("1")),
    "intend": lambda s: s.store.intend(s.lease, s.run, Intent(0, s.route, 1, 0.0, (document("1"),))),
    "settle": lambda s: s.store.settle(s.lease, s.run, Settlement(route_id=s.route, rows=[], events=[])),
    "note": lambda s: s.store.note(s.lease, s.run, [Event("remark")]),
}


@pytest.mark.parametrize("name", WRITES)
def test_every_writing_call_refuses_a_lost_lease(scene: Scene, name: str) -> None:
    scene.take("frozen/1/x", ttl_s=0)
    scene.store.acquire(scene.flow.id, "other/1/y", 60)
    before = scene.execute("SELECT count(*) FROM store_ledgerevent")
    with pytest.raises(LeaseLostError):
        WRITES[name](scene)
    assert scene.execute("SELECT count(*) FROM store_ledgerevent") == before
    assert scene.store.route_state(scene.route).swept_at is None
    assert not list(scene.store.open_pages(scene.route))
    assert not scene.store.open_intents(scene.flow.id)


def test_an_interrupted_run_counts_its_takeovers_once_a_lease(scene: Scene) -> None:
    options = RunOptions(full=True, limit=5, replay_keys=("1",), actor="anna")
    scene.finish()
    run = scene.store.start_run(scene.lease, options)
    scene.run = run
    scene.settle(counts={"invoices:source_to_target": {"created": 3}})
    for takeover in (1, 2, 3):
        scene.take(ttl_s=0)
        for _ in range(2):
            found = scene.store.interrupted_run(scene.lease)
            assert found is not None
            assert (found.id, found.takeovers, found.options) == (run.id, takeover, options)
            assert found.counts == {"invoices:source_to_target": {"created": 3}}
    scene.finish()
    assert scene.store.interrupted_run(scene.lease) is None
