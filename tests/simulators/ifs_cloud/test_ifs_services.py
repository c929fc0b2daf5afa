"""Fact sheet IFS §2 and §4: services, sets, metadata, navigations."""

from xml.etree import ElementTree

import pytest

from ml_connector_simulators.ifs_cloud import IfsCloudSimulator
from simulators.ifs_cloud.ifs_caller import ENTITY, HEADS, INT, MAIN, ORDERS, Caller

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


async def types_of(caller: Caller, service: str, entity: str) -> dict[str, str]:
    """Property name -> type, as `$metadata` says."""
    root = ElementTree.fromstring((await caller.get(f"{service}.svc/$metadata")).text)
    [found] = [e for e in root.iter(f"{EDM}EntityType") if e.get("Name") == entity]
    return {p.get("Name", ""): p.get("Type", "") for p in found.iter(f"{EDM}Property")}


async def test_service_document_lists_sets(caller: Caller) -> None:
    reply = await caller.get("PurchaseOrderHandling.svc/")
    assert [s["name"] for s in reply.rows] == [
        "PurchaseOrderSet",
        "PurchaseOrderLinePartSet",
        "PurchaseOrderLineNopartSet",
    ]


async def test_metadata_has_true_types(caller: Caller) -> None:
    types = await types_of(caller, "PostingProposalHandling", "PostingProposalHead")
    assert types["InvoiceId"] == "Edm.Int64"
    assert types["InvoiceDate"] == "Edm.Date"
    assert types["NetCurrAmount"] == "Edm.Decimal"
    assert types["Rowversion"] == "Edm.DateTimeOffset"
    assert types["Objstate"] == "IfsApp.PostingProposalHandling.PostingProposalHeadState"


@pytest.mark.parametrize("path", ["NoSuchHandling.svc/X", "PurchaseOrderHandling.svc/NoSuchSet", "/main/nothing"])
async def test_unknown_service_or_set_is_404(caller: Caller, path: str) -> None:
    reply = await caller.get(path)
    assert (reply.status, reply.code) == (404, "ODP_NOT_FOUND")


async def test_rowversion_switch(caller: Caller, ifs: IfsCloudSimulator) -> None:
    assert "Rowversion" in (await caller.get(ORDERS)).rows[0]
    ifs.set_switches(rowversion=False)
    assert "Rowversion" not in (await caller.get(ORDERS)).rows[0]
    assert "Rowversion" not in await types_of(caller, "PurchaseOrderHandling", "PurchaseOrder")
    reply = await caller.get(ORDERS + "?$filter=Rowversion ge 2026-01-01T00:00:00Z")
    assert (reply.status, reply.code) == (400, "ODP_BAD_REQUEST")


async def test_part_lines_on_main_or_only_in_the_entity_service(caller: Caller, ifs: IfsCloudSimulator) -> None:
    part_lines = "PurchaseOrderHandling.svc/PurchaseOrderLinePartSet"
    no_part_lines = "PurchaseOrderHandling.svc/PurchaseOrderLineNopartSet"
    assert all(row["PartNo"] for row in (await caller.get(part_lines)).rows)
    assert not any(row["PartNo"] for row in (await caller.get(no_part_lines)).rows)
    ifs.set_switches(part_lines="int")
    assert (await caller.get(part_lines)).status == 404
    assert (await caller.get(INT + part_lines)).status == 404
    listed = (await caller.get("PurchaseOrderHandling.svc/")).rows
    assert "PurchaseOrderLinePartSet" not in [s["name"] for s in listed]
    both = (await caller.get(ENTITY + "PurchaseOrderLineEntity.svc/PurchaseOrderLineSet")).rows
    assert {bool(row["PartNo"]) for row in both} == {True, False}


async def test_entity_services_must_be_activated_and_live_under_int(caller: Caller, ifs: IfsCloudSimulator) -> None:
    path = "PurchaseOrderLineEntity.svc/PurchaseOrderLineSet"
    assert (await caller.get(ENTITY.replace("/int/", "/main/") + path)).status == 404
    ifs.set_switches(entity_services=False)
    assert (await caller.get(ENTITY + path)).status == 404


async def test_order_line_codes_may_be_in_pre_accounting(caller: Caller, ifs: IfsCloudSimulator) -> None:
    key = "(OrderNo='P9012',LineNo='2',ReleaseNo='1')"
    line = (await caller.get(f"PurchaseOrderHandling.svc/PurchaseOrderLineNopartSet{key}")).json
    ifs.set_switches(po_coding="pre_accounting")
    without = (await caller.get(f"PurchaseOrderHandling.svc/PurchaseOrderLineNopartSet{key}")).json
    assert "CodeA" not in without
    number = without["PreAccountingId"]
    codes = (await caller.get(f"PreAccountingHandling.svc/PreAccountingSet(PreAccountingId={number})")).json
    assert (codes["AccountNo"], codes["CodenoB"]) == (line["CodeA"], line["CodeB"])


async def test_cost_centers_live_in_another_code_part_per_company(caller: Caller) -> None:
    parts = (await caller.get("AccountingCodePartsHandling.svc/AccountingCodePartSet")).rows
    centers = {row["Company"]: row["CodePart"] for row in parts if row["LogicalCodePart"] == "CostCenter"}
    assert centers == {"10": "B", "20": "C"}
    in_c = (await caller.get("CodeCHandling.svc/CodeCSet?$filter=Company eq '20' and CodeC eq '210'")).rows
    assert [row["Description"] for row in in_c] == ["Foundry"]


async def test_invoice_ids_repeat_across_companies(caller: Caller) -> None:
    rows = (await caller.get(HEADS + "?$filter=InvoiceId eq 9001&$orderby=Company")).rows
    assert [row["Company"] for row in rows] == ["10", "20"]


async def test_booleans_may_be_enumerations(caller: Caller, ifs: IfsCloudSimulator) -> None:
    path = "AccountsHandling.svc/AccountSet(Company='10',Account='6990')"
    assert (await caller.get(path)).json["BlockedForPosting"] is True
    ifs.set_switches(booleans="TRUE")
    assert (await caller.get(path)).json["BlockedForPosting"] == "TRUE"
    types = await types_of(caller, "AccountsHandling", "Account")
    assert types["BlockedForPosting"] == "IfsApp.AccountsHandling.FndBoolean"


async def test_navigations_repeat_the_parent_key(caller: Caller) -> None:
    base = f"{HEADS}(Company='10',InvoiceId=9010)/PostingProposalLineArray"
    assert [row["RowId"] for row in (await caller.get(base + "?$orderby=RowId")).rows] == [1, 2, 3]
    one = await caller.get(base + "(Company='10',InvoiceId=9010,RowId=2)")
    assert '"CurrAmount":0.005' in one.text
    assert (await caller.get(base + "(Company='10',InvoiceId=9009,RowId=1)")).status == 404


async def test_expand_to_one_none_or_all(caller: Caller, ifs: IfsCloudSimulator) -> None:
    to_many = HEADS + "(Company='10',InvoiceId=9010)?$expand=PostingProposalLineArray"
    to_one = ORDERS + "(OrderNo='P9001')?$expand=VendorNoRef"
    refused = await caller.get(to_many)
    assert (refused.status, refused.code) == (501, "ODP_NOT_IMPLEMENTED")
    assert (await caller.get(to_one)).json["VendorNoRef"]["SupplierId"] == "V9010"
    ifs.set_switches(expand="none")
    assert (await caller.get(to_one)).status == 501
    ifs.set_switches(expand="all")
    assert len((await caller.get(to_many)).json["PostingProposalLineArray"]) == 3


async def test_addresses_and_per_company_rows_of_suppliers(caller: Caller) -> None:
    base = "SupplierHandling.svc/"
    nested = await caller.get(base + "SupplierInfoGeneralSet(SupplierId='V9001')/SupplierInfoAddresses")
    assert [row["AddressId"] for row in nested.rows] == ["1"]
    for name in ("SupplierInfoAddresses", "SupplierInvoiceCompanies", "SupplierPayments", "SupplierPurchases"):
        assert (await caller.get(base + name)).rows


async def test_sites_companies_and_the_alternative_invoice_head(caller: Caller) -> None:
    assert len((await caller.get("SitesHandling.svc/SiteSet")).rows) == 3
    assert len((await caller.get("CompanyHandling.svc/CompanySet")).rows) == 2
    head = await caller.get("ManualSupplierInvoiceHandling.svc/ManSuppInvoiceSet(Company='10',InvoiceId=9009)")
    assert '"NetCurrAmount":12345678.905,' in head.text


async def test_b2b_answers_like_main(caller: Caller) -> None:
    assert (await caller.get(MAIN.replace("/main/", "/b2b/") + ORDERS)).status == 200
