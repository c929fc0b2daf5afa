"""Requests (orders) in Procurify: found by the mark on their items, followed until a purchaser has bought them.

There is no reading of one order by its uuid, so that the list is read back in time until all are found (FACTS 29).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec

from ml_connector.errors import ModuleMissingError, PermissionMissingError
from ml_connector.systems.base import Row
from ml_connector.systems.procurify.api import Api, RowDict, Window, key_of
from ml_connector.systems.procurify.surroundings import text_id

ORDERS = "/api/v2/global/orders/"
ITEMS = "/api/v3/order-items/"
PURCHASE_ORDER = "/api/v2/purchase_orders/"
PURCHASE_ORDERS = "/api/v2/purchase_orders/purchased/all/"
WAITING, DENIED = "WAITING_APPROVAL", "DENIED_BY_APPROVER"
BACK_DAYS = (31, 93, 366, 3660)
"""How far the list is read back, step by step."""
BOUGHT_DAYS = 366
"""How long ago a purchase order of the same number may have last been changed."""
RECENT_DAYS = 7
BY_NUMBER = "num:"
"""Begins the id of an order whose uuid could not be learnt."""

PENDING, APPROVED, REFUSED, PURCHASED, CANCELLED, RECEIVED = 0, 1, 2, 3, 4, 5
ITEM_REFUSED = (4, 7)
_UUID = re.compile(r"[0-9a-f]{32}")


class Orders:
    """Reads; remembers only the orders that it has just read."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._po_names: dict[str, str] = {}
        self._recent: list[RowDict] | None = None
        self._bought_of: dict[str, list[RowDict]] = {}

    # --- by what we wrote on the items ---------------------------------------------------------------------------

    async def find(self, payload: Mapping[str, Any], *, by_hand: bool = False) -> list[Row]:
        """The orders whose items begin with our mark; `by_hand`: else those of the vendor that name the number."""
        items = [*await self._api.listed(ITEMS, {"search": payload["number"]}), *await self._lately()]
        items = list({key_of(item): item for item in items}.values())
        prefixes = tuple(line["prefix"] for line in payload["lines"]) or (f"{payload['reference']}/",)
        ours = [item for item in items if str(item.get("name") or "").startswith(prefixes)]
        if ours or not by_hand:
            return await self._rows_of(ours, prefixes[0])
        theirs = [item for item in items if _names(item, payload)]
        theirs += [item for item in await self._bought(payload) if item["id"] not in {each["id"] for each in theirs}]
        return await self._rows_of(theirs, "")

    async def _lately(self) -> list[RowDict]:
        """Items of the last days: what `search` looks into is not documented, and a lost answer is a recent one."""
        if self._recent is None:
            window = await self._window(0, RECENT_DAYS, "last_modified")
            self._recent = await self._api.listed(ITEMS, {}, window)
        return self._recent

    async def _bought(self, payload: Mapping[str, Any]) -> list[RowDict]:
        """Items of the vendor's purchase orders to which a purchaser gave the ERP's number (`PO_Num`)."""
        vendor, found = payload["vendor"], []
        if vendor not in self._bought_of:
            window = await self._window(0, BOUGHT_DAYS)
            self._bought_of[vendor] = await self._api.listed(PURCHASE_ORDERS, {"pref_vendor": vendor}, window)
        for order in self._bought_of[vendor]:
            if order.get("PO_Num") == payload["number"]:
                key = text_id(order.get("procurify_PO") or order.get("uuid"))
                detail = await self._api.one(f"{PURCHASE_ORDER}{key}/", f"purchase order {key}") or {}
                found += [item for item in detail.get("order_items") or () if not mark_of([item])]
        return found

    async def of_number(self, number: str) -> list[str]:
        """Ids of the orders that carry a purchase order's number, of whatever scope."""
        items = await self._api.listed(ITEMS, {"search": number})
        rows = await self._rows_of([item for item in items if f":{number}/" in str(item.get("name"))], "")
        return sorted(row.external_id for row in rows)

    async def _rows_of(self, items: Sequence[RowDict], mark: str) -> list[Row]:
        by_order: dict[str, list[RowDict]] = defaultdict(list)
        for item in items:
            by_order[str(item.get("orderNum"))].append(item)
        rows = []
        for number, some in by_order.items():
            order = await self._order_of(number, some) or {"num": number, "uuid": some[0].get("order_uuid")}
            rows.append(await self._row(order, some if mark else None, mark))
        return rows

    async def _order_of(self, number: str, items: Sequence[RowDict]) -> RowDict | None:
        """The order with that number: items carry no uuid, but the day on which they were made."""
        days = sorted(filter(None, (_day(item.get("created_at")) for item in items)))
        if days:
            window = Window("date", days[0] - timedelta(days=1), days[-1] + timedelta(days=1))
            rows = await self._api.listed(ORDERS, {}, window)
        else:
            rows = await self._api.listed(ORDERS, {"search": number}, await self._window(0, BACK_DAYS[-1]))
        return next((row for row in rows if str(row.get("num")) == number), None)

    # --- by their ids --------------------------------------------------------------------------------------------

    async def read(self, ids: Sequence[str]) -> dict[str, Row]:
        """What became of these orders; absent: not to be seen."""
        wanted = {_comparable(each): each for each in ids}
        found: dict[str, Row] = {}
        before = 0
        for days in BACK_DAYS if wanted else ():
            rows = await self._api.listed(ORDERS, {}, await self._window(before, days))
            for row in rows:
                for key in (_comparable(str(row.get("uuid"))), f"{BY_NUMBER}{row.get('num')}"):
                    if key in wanted:
                        found[wanted[key]] = await self._row(row, None, "", wanted[key])
            if len(found) == len(wanted):
                break
            before = days + 1
        return found

    async def whole(self, external_id: str) -> Row | None:
        """An order with all its items; None where it is not to be seen."""
        row = (await self.read([external_id])).get(external_id)
        if row is None or "lines" in row.columns:
            return row
        items = await self._items_of(row.columns["num"])
        return msgspec.structs.replace(row, columns={**row.columns, "lines": items})

    async def _window(self, since_days: int, days: int, name: str = "modified_date") -> Window:
        """Of days of the last change, until tomorrow: the domain's own day may be ahead of ours."""
        today = await self._api.today()
        end = today + timedelta(days=1) if since_days == 0 else today - timedelta(days=since_days)
        return Window(name, today - timedelta(days=days), end)

    async def _row(self, order: RowDict, items: Sequence[RowDict] | None, mark: str, known_id: str = "") -> Row:
        number = str(order.get("num"))
        status = order.get("status")
        if status in (APPROVED, PURCHASED, RECEIVED):
            items = await self._items_of(number)
        pending, note, names = await self._stage(status, items)
        columns: dict[str, Any] = {
            "num": number,
            "status": status,
            "item_name": mark or (mark_of(items) if items else ""),
            "required_date": str(order.get("dateRequired") or "")[:10],
        }
        if items is not None:
            columns["lines"] = list(items)
        external_id = known_id or str(order.get("uuid") or "") or f"{BY_NUMBER}{number}"
        version = ":".join(map(str, (status, *names)))
        return Row(external_id, columns, version, pending, note)

    async def _items_of(self, number: str) -> list[RowDict]:
        rows = await self._api.listed(ITEMS, {"orderNum": number})
        return [row for row in rows if str(row.get("orderNum")) == number]

    async def _stage(self, status: Any, items: Sequence[RowDict] | None) -> tuple[str, str, list[str]]:
        """How far it has got: the reason to wait or that it was refused, a note, and its purchase orders."""
        if status == REFUSED:
            return DENIED, "an approver denied the requisition", []
        if status == CANCELLED:
            return DENIED, "the requisition was cancelled in Procurify", []
        items = items or []
        keys = dict.fromkeys(text_id(item.get("purchase_order")) for item in items)
        names = [await self._po_name(key) for key in keys if key]
        if items and all(item.get("status") in ITEM_REFUSED for item in items):
            return DENIED, "all its items were denied or rejected in Procurify", names
        became = f"became purchase order {' and '.join(names)}" if names else ""
        open_items = [i for i in items if not text_id(i.get("purchase_order")) and i.get("status") not in ITEM_REFUSED]
        refused = sum(item.get("status") in ITEM_REFUSED for item in items)
        became += f"; {refused} item(s) were denied or rejected in Procurify" if became and refused else ""
        if names and (status in (PURCHASED, RECEIVED) or not open_items):
            return "", became, names
        if became:
            return WAITING, f"partly bought: {became}; {len(open_items)} item(s) are still to be bought", names
        approved = "approved; a purchaser has yet to make the purchase order"
        return WAITING, approved if status in (APPROVED, PURCHASED, RECEIVED) else "", names

    async def _po_name(self, key: str) -> str:
        """What people call the purchase order; its key where we may not look at it."""
        if key not in self._po_names:
            try:
                row = await self._api.one(f"{PURCHASE_ORDER}{key}/", f"purchase order {key}") or {}
            except (PermissionMissingError, ModuleMissingError):
                row = {}
            own = row.get("PO_Num")
            name = str(row.get("number") or f"with key {key}")
            self._po_names[key] = f"{name} ({own})" if own and own != name else name
        return self._po_names[key]


def _names(item: RowDict, payload: Mapping[str, Any]) -> bool:
    """Whether somebody wrote the order's number on an item for the same vendor."""
    if text_id(item.get("pref_vendor")) != payload["vendor"]:
        return False
    number = re.escape(payload["number"])
    texts = (str(item.get(name) or "") for name in ("name", "po_note", "lineComment", "num"))
    return any(re.search(rf"(?<![\w-]){number}(?![\w-])", text) for text in texts) and not mark_of([item])


def mark_of(items: Sequence[RowDict]) -> str:
    """The mark of ours (`<scope>:<number>/<line> `) on the first item; "" where somebody else made it."""
    found = re.match(r"[^:\s]*:.+?/\S+ ", str(items[0].get("name") or "")) if items else None
    return found[0] if found else ""


def _comparable(external_id: str) -> str:
    """Uuids come with hyphens or without."""
    bare = external_id.replace("-", "").lower()
    return bare if _UUID.fullmatch(bare) else external_id


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
