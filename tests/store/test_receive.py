"""Pages are kept before anything is sent, and stay in the inbox until all of them is settled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ml_connector import clock
from ml_connector.records import State
from ml_connector.store import retention
from ml_connector.store.store import DjangoStore
from ml_connector.sync.store import RawRef

from .scene import Scene, raw, record


def test_a_page_moves_the_read_mark_and_waits_in_the_inbox(scene: Scene) -> None:
    page = scene.page(raw("1"), raw("2"), read_mark={"position": 7}, cursor={"at": 3})
    assert scene.store.route_state(scene.route).read_mark == {"position": 7}
    [found] = scene.store.open_pages(scene.route)
    assert (found.id, list(found.records), found.settled) == (page, [raw("1"), raw("2")], 0)
    assert (found.cursor, found.origin) == ({"at": 3}, "from_source")


def test_the_last_page_of_a_window_ends_it(scene: Scene) -> None:
    scene.page(raw("1"))
    scene.page(raw("2"), read_mark=None)
    assert scene.store.route_state(scene.route).read_mark is None


def test_a_page_of_another_origin_leaves_the_read_mark_alone(scene: Scene) -> None:
    scene.page(raw("1"), read_mark={"position": 1})
    scene.page(raw("2"), read_mark=None, origin="parent")
    assert scene.store.route_state(scene.route).read_mark == {"position": 1}


def test_an_empty_page_stays_until_its_cursor_is_settled(scene: Scene) -> None:
    page = scene.page(cursor={"at": 9})
    assert [found.id for found in scene.store.open_pages(scene.route)] == [page]
    scene.settle(page_id=page, page_settled=0, cursor={"at": 9})
    assert not list(scene.store.open_pages(scene.route))
    assert scene.store.route_state(scene.route).cursor == {"at": 9}


def test_the_inbox_is_read_oldest_first_by_any_process_and_shrinks_as_it_is_settled(scene: Scene) -> None:
    first, second = scene.page(raw("1"), raw("2")), scene.page(raw("3"))
    scene.settle(record("1"), page_id=first, page_settled=1)
    other = DjangoStore(scene.workspace)
    assert [(page.id, page.settled) for page in other.open_pages(scene.route)] == [(first, 1), (second, 0)]
    scene.settle(record("2"), page_id=first, page_settled=2)
    scene.settle(record("1"), page_id=first, page_settled=1)
    assert [page.id for page in other.open_pages(scene.route)] == [second]


def test_pages_of_records_read_again_are_closed_with_the_batch_that_holds_them(scene: Scene) -> None:
    page, again = scene.page(raw("1")), scene.page(raw("1", "2"), origin="read_again")
    scene.settle(record("1", version="2", raw=RawRef(again, 0)), page_id=page, page_settled=1, closes_pages=(again,))
    assert not list(scene.store.open_pages(scene.route))


def test_an_open_inbox_can_be_settled_while_it_is_read(scene: Scene) -> None:
    pages = [scene.page(raw(str(number))) for number in range(3)]
    for page in scene.store.open_pages(scene.route):
        scene.settle(record(page.records[0].key), page_id=page.id, page_settled=1)
    assert len(pages) == 3
    assert not list(scene.store.open_pages(scene.route))


def test_raw_records_are_found_again_in_the_order_asked_for(scene: Scene) -> None:
    first, second = scene.page(raw("1"), raw("2")), scene.page(raw("3"))
    refs = [RawRef(second, 0), RawRef(first, 1), RawRef(first, 9), RawRef(999, 0), RawRef(first, 0)]
    for store in (scene.store, DjangoStore(scene.workspace)):
        assert store.raw(scene.route, refs) == [raw("3"), raw("2"), None, None, raw("1")]
    assert scene.store.raw(scene.flow.routes[0].id, [RawRef(first, 0)]) in ([None], [raw("1")])


def test_read_mark_and_sweep_time_are_set_apart(scene: Scene) -> None:
    scene.store.set_route(scene.lease, scene.run, scene.route, read_mark={"window": {}})
    scene.store.set_route(scene.lease, scene.run, scene.route, swept_at=12.5)
    state = scene.store.route_state(scene.route)
    assert (state.read_mark, state.swept_at) == ({"window": {}}, 12.5)


def test_retention_erases_old_pages_but_none_that_is_still_needed(scene: Scene) -> None:
    with clock.use(clock.ManualClock(datetime(2020, 1, 1, tzinfo=UTC))):
        done, open_one, rejected = scene.page(raw("1")), scene.page(raw("2")), scene.page(raw("3"))
        scene.settle(record("1", raw=RawRef(done, 0)), page_id=done, page_settled=1)
        scene.settle(record("3", State.REJECTED, "INVALID", raw=RawRef(rejected, 0)), page_id=rejected, page_settled=1)
    assert retention.erase(scene.workspace, clock.now() - timedelta(days=30), actor="anna") == 1
    store = DjangoStore(scene.workspace)
    refs = [RawRef(done, 0), RawRef(open_one, 0), RawRef(rejected, 0)]
    assert store.raw(scene.route, refs) == [None, raw("2"), raw("3")]
    assert retention.erase(scene.workspace, clock.now() - timedelta(days=30), actor="anna") == 0
