"""The store is made to match what is configured."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from ml_connector.errors import ConfigurationError
from ml_connector.records import Entity
from ml_connector.store import configuration
from ml_connector.store.configuration import ConnectionConfig, FlowConfig, RouteEntry
from ml_connector.store.workspace import Workspace
from ml_connector.sync.flow import RouteConfig

from .scene import FLOW, IFS, SNOW


def apply(
    workspace: Workspace, connections: list[ConnectionConfig], flows: list[FlowConfig], **options: Any
) -> list[tuple[str, str, str]]:
    changes = configuration.apply(workspace, connections, flows, actor="anna", **options)
    return [(change.kind, change.name, change.action) for change in changes]


CREATED = [
    ("connection", "ifs", "created"),
    ("connection", "snow", "created"),
    ("flow", "ifs-to-snow", "created"),
    ("route", "ifs-to-snow/suppliers", "created"),
    ("route", "ifs-to-snow/invoices", "created"),
]


def test_what_is_new_is_created_and_a_second_time_changes_nothing(workspace: Workspace) -> None:
    assert apply(workspace, [IFS, SNOW], [FLOW]) == CREATED
    assert apply(workspace, [IFS, SNOW], [FLOW]) == []


def test_a_dry_run_tells_and_changes_nothing(workspace: Workspace) -> None:
    assert apply(workspace, [IFS, SNOW], [FLOW], dry_run=True) == CREATED
    assert configuration.connections(workspace) == []
    assert apply(workspace, [IFS, SNOW], [FLOW]) == CREATED


def test_what_was_applied_is_read_back(workspace: Workspace) -> None:
    flow = msgspec.structs.replace(FLOW, start_from=date(2026, 1, 1), timezone="Europe/Berlin")
    apply(workspace, [IFS, SNOW], [flow])
    assert configuration.flows(workspace) == [flow]
    hidden = msgspec.structs.replace(IFS, credentials={"client_id": "", "client_secret": ""})
    assert configuration.connections(workspace) == [hidden, SNOW]
    loaded = configuration.load_flow(workspace, "ifs-to-snow")
    assert (loaded.source, loaded.source_system, loaded.target_system) == ("ifs", "ifs_cloud", "servicenow")
    assert (loaded.start_from, loaded.value_maps) == (date(2026, 1, 1), {"gl_accounts": {"6100": "61"}})
    suppliers, invoices = loaded.routes
    assert suppliers == RouteConfig(id=suppliers.id, entity=Entity.SUPPLIERS)
    assert invoices == RouteConfig(id=invoices.id, entity=Entity.INVOICES, duplicates="warn")


def test_changes_are_told_field_by_field(workspace: Workspace) -> None:
    apply(workspace, [IFS, SNOW], [FLOW])
    moved = msgspec.structs.replace(SNOW, base_url="http://other.example")
    later = msgspec.structs.replace(FLOW, start_from=date(2026, 2, 1), routes=FLOW.routes[::-1])
    changes = configuration.apply(workspace, [IFS, moved], [later], actor="anna")
    assert {change.name: dict(change.details) for change in changes} == {
        "snow": {"base_url": ("http://snow.example", "http://other.example")},
        "ifs-to-snow": {"start_from": ("", "2026-02-01")},
        "ifs-to-snow/invoices": {"position": (1, 0)},
        "ifs-to-snow/suppliers": {"position": (0, 1)},
    }
    assert [route.entity for route in configuration.load_flow(workspace, "ifs-to-snow").routes] == [
        Entity.INVOICES,
        Entity.SUPPLIERS,
    ]


def test_what_is_absent_is_archived_and_comes_back_with_its_past(workspace: Workspace) -> None:
    apply(workspace, [IFS, SNOW], [FLOW])
    before = configuration.load_flow(workspace, "ifs-to-snow")
    assert apply(workspace, [SNOW], []) == [("flow", "ifs-to-snow", "archived"), ("connection", "ifs", "archived")]
    with pytest.raises(ConfigurationError, match="no flow"):
        configuration.load_flow(workspace, "ifs-to-snow")
    without = msgspec.structs.replace(IFS, credentials={})
    assert apply(workspace, [without, SNOW], [FLOW]) == [
        ("connection", "ifs", "restored"),
        ("flow", "ifs-to-snow", "restored"),
    ]
    assert configuration.load_flow(workspace, "ifs-to-snow") == before
    assert configuration.load_connection(workspace, "ifs").credentials["client_secret"] == "open sesame"


def test_a_route_that_is_absent_is_archived(workspace: Workspace) -> None:
    apply(workspace, [IFS, SNOW], [FLOW])
    only = msgspec.structs.replace(FLOW, routes=FLOW.routes[:1])
    assert apply(workspace, [IFS, SNOW], [only]) == [("route", "ifs-to-snow/invoices", "archived")]
    assert [route.entity for route in configuration.load_flow(workspace, "ifs-to-snow").routes] == [Entity.SUPPLIERS]
    assert apply(workspace, [IFS, SNOW], [FLOW]) == [("route", "ifs-to-snow/invoices", "restored")]


def test_a_flow_with_an_unknown_connection_changes_nothing(workspace: Workspace) -> None:
    with pytest.raises(ConfigurationError, match="'ifs', which is not configured"):
        apply(workspace, [SNOW], [FLOW])
    assert configuration.connections(workspace) == []


def test_a_connection_cannot_become_another_system(workspace: Workspace) -> None:
    apply(workspace, [IFS, SNOW], [FLOW])
    with pytest.raises(ConfigurationError, match="cannot change from ifs_cloud to plex"):
        apply(workspace, [msgspec.structs.replace(IFS, system="plex"), SNOW], [FLOW])


def test_credentials_of_another_way_to_sign_in_are_not_handed_out(workspace: Workspace) -> None:
    apply(workspace, [IFS, SNOW], [FLOW])
    basic = msgspec.structs.replace(IFS, auth_mode="basic", credentials={"username": "u"})
    apply(workspace, [basic, SNOW], [FLOW])
    assert configuration.load_connection(workspace, "ifs").credentials == {"username": "u"}


def test_an_unknown_name_is_answered_with_the_nearest(workspace: Workspace) -> None:
    apply(workspace, [IFS, SNOW], [FLOW])
    with pytest.raises(ConfigurationError, match="Did you mean 'ifs-to-snow'"):
        configuration.load_flow(workspace, "ifs_to_snow")
    with pytest.raises(ConfigurationError, match="Did you mean 'snow'"):
        configuration.load_connection(workspace, "snwo")
    with pytest.raises(ConfigurationError, match="has no route 'departments'"):
        configuration.route_id(workspace, "ifs-to-snow", "departments")


def test_workspaces_do_not_see_each_other(workspace: Workspace, database_url: str, tmp_path: Any) -> None:
    from ml_connector.store.setup import open_workspace

    apply(workspace, [IFS, SNOW], [FLOW])
    other = open_workspace(
        database_url, tmp_path, workspace.keyring, name="other", alias=f"{workspace.database.alias}-other"
    )
    assert configuration.flows(other) == []
    assert apply(other, [IFS, SNOW], [FLOW]) == CREATED
    assert apply(other, [], []) != []
    assert len(configuration.flows(workspace)) == 1
    other.close()


def test_a_route_keeps_what_sync_does_not_need(workspace: Workspace) -> None:
    route = RouteEntry(
        entity=Entity.SUPPLIERS, direction="both", conflict="ask", owners={"payment_terms": "target"}, enabled=False
    )
    flow = msgspec.structs.replace(FLOW, routes=(route,))
    apply(workspace, [IFS, SNOW], [flow])
    assert configuration.flows(workspace)[0].routes == (route,)
    assert configuration.load_flow(workspace, FLOW.name).route(Entity.SUPPLIERS) is None
