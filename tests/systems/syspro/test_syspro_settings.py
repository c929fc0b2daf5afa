"""Settings: what is refused, and in which words."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from ml_connector.systems.syspro.settings import SysproSettings


def made(**settings: Any) -> SysproSettings:
    return msgspec.convert({"company_id": "EDU1", **settings}, SysproSettings)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"reference_writeback": "apply"}, "not possible yet"),
        ({"company_id": "../x"}, "company_id"),
        ({"read_transport": "enet"}, "needs enet_url"),
        ({"cost_center_source": "gl_segment"}, "gl_segment"),
        ({"cost_center_source": "gl_segment", "gl_segment": "("}, "regular expression"),
        ({"sets": {"Nothing": "x"}}, "'Nothing' is not one of"),
        ({"sets": {"ApSupplier": "ApSupplier+"}}, "cannot be the name"),
        ({"fields": {"ApSupplier.Nothing": "x"}}, "Table.Column"),
    ],
)
def test_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=re.escape(words)):
        made(**settings)


@pytest.mark.parametrize("writeback", ["off", "validate_only"])
def test_nothing_is_written_in_either_case(writeback: str) -> None:
    assert made(reference_writeback=writeback).reference_writeback == writeback


def test_the_address_of_e_net() -> None:
    assert made(enet_url="https://erp:30001/").enet_root == "https://erp:30001/SYSPROWCFService/Rest"
    assert made(enet_url="https://erp:30001/sysprowcfservice/rest").enet_root.endswith(":30001/sysprowcfservice/rest")
