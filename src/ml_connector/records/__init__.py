"""Canonical records: the one form in which every system's suppliers, orders, invoices and dimensions meet."""

from ml_connector.records.base import Entity, Record, Reference, join_key, split_key
from ml_connector.records.dimensions import CostCenter, Department, GLAccount, Location
from ml_connector.records.invoice import Invoice, InvoiceLine, InvoiceStatus
from ml_connector.records.ledger_entries import GLPosting, Payment
from ml_connector.records.purchase_order import OrderLine, OrderStatus, PurchaseOrder
from ml_connector.records.states import REASONS, Reason, State
from ml_connector.records.supplier import Address, Supplier

__all__ = [
    "REASONS",
    "Address",
    "CostCenter",
    "Department",
    "Entity",
    "GLAccount",
    "GLPosting",
    "Invoice",
    "InvoiceLine",
    "InvoiceStatus",
    "Location",
    "OrderLine",
    "OrderStatus",
    "Payment",
    "PurchaseOrder",
    "Reason",
    "Record",
    "Reference",
    "State",
    "Supplier",
    "join_key",
    "split_key",
]
