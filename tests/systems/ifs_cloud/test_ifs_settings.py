"""Settings are refused where they cannot work, and change names, places and the overlap."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from ml_connector.systems import ifs_cloud
from ml_connector.systems.ifs_cloud import CONNECTOR
from ml_connector.systems.ifs_cloud.settings import ClientCredentials, IfsCloudSettings, token_url

FOLDER = Path(ifs_cloud.__file__).parent


def settings(**more: Any) -> IfsCloudSettings:
    return msgspec.convert({"realm": "acmeprod", "companies": ["10"], **more}, IfsCloudSettings)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"companies": []}, "companies"),
        ({"companies": ["10", "10"]}, "twice"),
        ({"realm": ""}, "realm"),
        ({"page_size": 5001}, "page_size"),
        ({"change_strategy": "guess"}, "change_strategy"),
        ({"cost_center_code_part": "A"}, "cost_center_code_part"),
        ({"server_time_zone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"stage_from": "Closed"}, "stage_from"),
        ({"expand_lines": True}, "expand_lines"),
        ({"projections": {"vendors": "X.svc/Y"}}, "vendors"),
        ({"fields": {"Name": "VendorName"}}, "collection.Property"),
        ({"po_lines": "int"}, "po_lines"),
    ],
)
def test_what_cannot_work_is_refused_by_name(given: dict[str, Any], named: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=named):
        settings(**given)


def test_the_overlap_grows_where_clocks_are_set_back() -> None:
    assert settings().overlap == timedelta(seconds=120)
    assert settings(server_time_zone="Asia/Singapore").overlap == timedelta(seconds=120)
    assert settings(server_time_zone="Europe/Stockholm").overlap == timedelta(seconds=3720)


def test_paths_can_be_changed_and_led_elsewhere() -> None:
    given = settings(projections={"suppliers": "SuppliersHandling.svc/Set", "invoices": "/b2b/x/Y.svc/Z"})
    assert given.path("suppliers") == "/main/ifsapplications/projection/v1/SuppliersHandling.svc/Set"
    assert given.path("invoices") == "/b2b/x/Y.svc/Z"
    assert given.path("cost_centers", "C").endswith("/CodeCHandling.svc/CodeCSet")


def test_the_token_address_is_made_of_the_realm_unless_given() -> None:
    wanted = "https://acme.ifs.cloud/auth/realms/acmeprod/protocol/openid-connect/token"
    assert token_url(settings(), "https://acme.ifs.cloud/") == wanted
    assert token_url(settings(token_url="https://id.acme.com/t"), "https://acme.ifs.cloud") == "https://id.acme.com/t"


@pytest.mark.parametrize("form", [IfsCloudSettings, ClientCredentials])
def test_every_field_explains_itself(form: type) -> None:
    hints = get_type_hints(form, include_extras=True)
    for name in form.__struct_fields__:  # type: ignore[attr-defined]
        meta = get_args(hints[name])[1]
        assert meta.description and meta.examples, name


def test_every_fact_that_the_code_names_is_written_down() -> None:
    import re

    facts = (FOLDER / "FACTS.md").read_text()
    named = {
        number
        for file in FOLDER.glob("*.py")
        for first, last in re.findall(r"FACTS (\d+)(?:-(\d+))?", file.read_text())
        for number in range(int(first), int(last or first) + 1)
    }
    assert [number for number in sorted(named) if f"\n{number}. " not in facts] == []


def test_the_checklist_has_no_open_end() -> None:
    checklist = tomllib.loads((FOLDER / "quality.toml").read_text())
    for rule, state in checklist["rules"].items():
        assert state == "done" or (isinstance(state, dict) and state["reason"]), rule


def test_the_connector_declares_what_it_is() -> None:
    assert (CONNECTOR.system, next(iter(CONNECTOR.credentials))) == ("ifs_cloud", "oauth2_client_credentials")
