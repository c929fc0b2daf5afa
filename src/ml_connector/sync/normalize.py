"""Step 4: raw record -> canonical record, with the flow's value maps applied to the codes of dimensions."""

from __future__ import annotations

import msgspec

from ml_connector.errors import RecordError
from ml_connector.records import Invoice, InvoiceStatus, OrderStatus, PurchaseOrder, Record, Supplier
from ml_connector.records.base import fingerprint, key_hash
from ml_connector.records.dimensions import Dimension
from ml_connector.sync.context import RouteContext
from ml_connector.sync.item import Item


def normalize(context: RouteContext, items: list[Item]) -> None:
    """Fill in `record` and its fingerprints; what cannot be read is rejected with all its issues."""
    codes = context.run.flow.value_maps.get(context.entity.value, {})
    for item in items:
        if item.verdict is None:
            _normalize(context, item, codes)


def _normalize(context: RouteContext, item: Item, codes: msgspec.Struct | object) -> None:
    try:
        record = context.stream.normalize(item.raw)
    except RecordError as error:
        item.reject(error)
        return
    if codes and isinstance(record, Dimension) and record.code in codes:  # type: ignore[operator]
        record = msgspec.structs.replace(record, code=codes[record.code])  # type: ignore[index]
    if item.vanished:
        record = _taken_back(record)
    item.record = record
    item.fingerprint = fingerprint(record)
    natural, warning = record.natural_key(), record.warning_key()
    item.natural = key_hash(natural) if natural else None
    item.warning = key_hash(warning) if warning else None


def _taken_back(record: Record) -> Record:
    """A record that is gone at the source is cancelled or deactivated on the target, never deleted."""
    if isinstance(record, PurchaseOrder):
        return msgspec.structs.replace(record, status=OrderStatus.CANCELLED)
    if isinstance(record, Invoice):
        return msgspec.structs.replace(record, status=InvoiceStatus.CANCELLED)
    if isinstance(record, Dimension | Supplier):
        return msgspec.structs.replace(record, active=False)
    return record
