"""IFS Cloud into ServiceNow as a whole: first load, second run, edits, missing dimension and replay."""

from __future__ import annotations

from flows.plant import Plant, counts

TODAY_ORDER = "P10040"


def assert_equal(plant: Plant) -> None:
    assert plant.disagreements() == []


def test_first_load_brings_every_document_once(plant: Plant) -> None:
    report = plant.run()
    assert report.exit_status == 3  # the awkward ones are set aside
    assert_equal(plant)


def test_second_run_costs_at_most_ten_requests_a_route_and_writes_nothing(plant: Plant) -> None:
    plant.run()
    plant.run()  # the staging profile reads back what the target has worked on
    plant.forget_requests()
    report = plant.run()
    assert plant.target.writes == 0
    assert all(sum(route.requests.values()) <= 10 for route in report.routes), [r.requests for r in report.routes]


def test_full_run_writes_nothing(plant: Plant) -> None:
    plant.run()
    plant.forget_requests()
    plant.run(full=True)
    assert plant.target.writes == 0
    assert_equal(plant)


def test_four_first_loads_from_empty_stores_make_one_row_each(plant: Plant) -> None:
    for _ in range(4):
        plant.run()
        plant.install()
    assert_equal(plant)


def test_renamed_supplier_is_updated(plant: Plant) -> None:
    plant.run()
    plant.edit("SupplierInfoGeneralSet", {"SupplierId": "V1001"}, Name="Winkler & Daughters")
    assert counts(plant.run(), "suppliers")["updated"] == 1
    table = "core_company" if plant.profile == "pages" else "sn_fin_supplier"
    assert [row["name"] for row in plant.table(table)].count("Winkler & Daughters") == 1
    assert_equal(plant)


def test_edited_order_line_sends_that_line_alone(plant: Plant) -> None:
    plant.run()
    plant.run()
    plant.forget_requests()
    key = {"OrderNo": "P9012", "LineNo": "10", "ReleaseNo": "1"}
    plant.edit("PurchaseOrderLineSet", key, Description="Another description")
    report = plant.run()
    assert counts(report, "purchase_orders")["updated"] == 1
    assert plant.target.writes == 1
    assert_equal(plant)


def test_amount_changed_at_the_source_arrives(plant: Plant) -> None:
    plant.run()
    head = {"Company": "10", "InvoiceId": 9016}
    plant.edit("PostingProposalLineSet", {**head, "RowId": 1}, CurrAmount="81")
    plant.edit("PostingProposalHeadSet", head, NetCurrAmount="101", GrossCurrAmount="120")
    assert counts(plant.run(), "invoices")["updated"] == 1
    assert_equal(plant)


def test_corrected_invoice_date_is_an_update_not_a_second_invoice(plant: Plant) -> None:
    plant.run()
    plant.edit("PostingProposalHeadSet", {"Company": "10", "InvoiceId": 9016}, InvoiceDate="2025-12-16")
    assert counts(plant.run(), "invoices")["updated"] == 1
    assert_equal(plant)


def test_cancelled_order_is_cancelled_on_the_target(plant: Plant) -> None:
    plant.run()
    plant.edit("PurchaseOrderSet", {"OrderNo": "P9013"}, Objstate="Cancelled")
    assert counts(plant.run(), "purchase_orders")["updated"] == 1
    table, key = ("proc_po", "correlation_id") if plant.profile == "pages" else ("sn_shop_purchase_order", "erp_number")
    status = [row["status"] for row in plant.table(table) if row.get(key) == "P9013"]
    assert len(status) == 1
    assert status[0] in ("canceled", "cancelled")


def test_missing_cost_center_created_then_replayed(plant: Plant) -> None:
    plant.run()
    assert plant.row("invoices", "10/9020")["code"] == "DIMENSION_MISSING"
    center = {"Company": "10", "CodeB": "666", "Description": "New hall", "ValidFrom": "2015-01-01"}
    plant.loop.call(lambda: plant.source.insert("CodeBSet", {**center, "ValidUntil": "2049-12-31"}))
    assert counts(plant.run(), "cost_centers")["created"] == 1
    assert counts(plant.replay(), "invoices")["created"] == 1
    assert plant.row("invoices", "10/9020")["state"] in ("landed", "delivered")
    assert_equal(plant)


def test_planned_order_is_released_and_its_invoice_follows(plant: Plant) -> None:
    plant.run()
    assert plant.row("invoices", "10/9012")["state"] == "waiting"
    plant.edit("PurchaseOrderSet", {"OrderNo": "P9003"}, Objstate="Released")
    plant.run()
    assert plant.row("invoices", "10/9012")["state"] in ("landed", "delivered")
    assert_equal(plant)


def test_removed_order_line_is_taken_back(plant: Plant) -> None:
    plant.run()
    order = {"OrderNo": "P9013"}
    plant.loop.call(lambda: plant.source.delete("PurchaseOrderLineSet", {**order, "LineNo": "1", "ReleaseNo": "2"}))
    plant.edit("PurchaseOrderSet", order, NetAmount="80", GrossAmount="95.2")
    assert counts(plant.run(), "purchase_orders")["updated"] == 1
    lines = "proc_po_item" if plant.profile == "pages" else "sn_shop_purchase_order_line"
    quantity = "ordered_quantity" if plant.profile == "pages" else "quantity"
    key, column = (
        ("proc_po", "correlation_id") if plant.profile == "pages" else ("sn_shop_purchase_order", "erp_number")
    )
    header = next(row["sys_id"] for row in plant.table(key) if row.get(column) == "P9013")
    found = sorted(row[quantity] for row in plant.table(lines) if row.get("purchase_order") == header)
    assert found == ["0", "4"]


def test_cancelled_invoice_is_cancelled_or_told(plant: Plant) -> None:
    """The staging table of invoices takes no status: a person has to cancel it there, and is told so."""
    plant.run()
    plant.edit("PostingProposalHeadSet", {"Company": "10", "InvoiceId": 9016}, Objstate="Cancelled")
    plant.run()
    row = plant.row("invoices", "10/9016")
    expected = ("landed", "") if plant.profile == "pages" else ("rejected", "TARGET_IMMUTABLE")
    assert (row["state"], row["code"]) == expected
