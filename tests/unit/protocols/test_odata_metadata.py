"""Metadata from outside is read, and cannot make the parser fetch or expand anything."""

from __future__ import annotations

import pytest

from ml_connector.errors import ContractError
from ml_connector.protocols.odata_metadata import parse_metadata

DOCUMENT = b"""<?xml version="1.0" encoding="UTF-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="App.Orders" Alias="O" xmlns="http://docs.oasis-open.org/odata/ns/edm">
 <EntityType Name="Base"><Key><PropertyRef Name="Id"/></Key><Property Name="Id" Type="Edm.Int64"/></EntityType>
 <EntityType Name="Order" BaseType="O.Base"><Property Name="OrderNo" Type="Edm.String" MaxLength="12"/>
  <Property Name="Rowversion" Type="Edm.DateTimeOffset"/></EntityType>
 <ComplexType Name="Address"><Property Name="City" Type="Edm.String"/></ComplexType>
 <EntityContainer Name="Default"><EntitySet Name="OrderSet" EntityType="App.Orders.Order"/>
  <EntitySet Name="BaseSet" EntityType="O.Base"/></EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""


def test_sets_with_their_own_and_inherited_properties() -> None:
    assert parse_metadata(DOCUMENT) == {
        "OrderSet": {"Id": "Edm.Int64", "OrderNo": "Edm.String", "Rowversion": "Edm.DateTimeOffset"},
        "BaseSet": {"Id": "Edm.Int64"},
    }


def test_types_that_inherit_in_a_circle_end() -> None:
    looped = DOCUMENT.replace(b'<EntityType Name="Base">', b'<EntityType Name="Base" BaseType="O.Order">')
    assert set(parse_metadata(looped)["BaseSet"]) == {"Id", "OrderNo", "Rowversion"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_in_any_encoding(encoding: str) -> None:
    attack = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    with pytest.raises(ContractError, match="document type"):
        parse_metadata(attack.encode(encoding))


@pytest.mark.parametrize("document", [b"", b"<html><body>Sign in</body>", b"<a/>", b"{}", b"<a>" * 100])
def test_anything_else_is_refused(document: bytes) -> None:
    with pytest.raises(ContractError):
        parse_metadata(document)
