"""Purchase orders -> requisitions: one each, sent once, never changed, followed until it is bought (FACTS 28)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector.errors import ModuleMissingError, OutcomeUnknownError, PermissionMissingError, RecordError
from ml_connector.mappings import Refs
from ml_connector.records import OrderLine, OrderStatus, PurchaseOrder, Record, Reference
from ml_connector.records.base import Identity, minor_unit
from ml_connector.systems.base import Answer, Candidate, Part, Receipt, Row, Shaped, Write
from ml_connector.systems.procurify.names import Names
from ml_connector.systems.procurify.orders import DENIED, ITEM_REFUSED, ITEMS, WAITING, Orders, mark_of
from ml_connector.systems.procurify.surroundings import text_id
from ml_connector.systems.procurify.target import HEADER, Fitting, ProcurifyTarget

REQUISITIONS = "/api/v3/requisitions/"
ITEM_CHARACTERS, UNIT_CHARACTERS = 255, 30
PRICE_PLACES, QUANTITY_PLACES = 8, 5


class Requisitions(ProcurifyTarget):
    """Requisitions and what becomes of them."""

    table = "requisitions"
    sends_updates = False
    watched = (ITEMS,)
    mapping_version = "requisitions-1"
    _custom_field = ""
    _names: Names | None = None

    async def prepare(self) -> None:
        """Whether there is a custom field for the ERP's number."""
        await super().prepare()
        try:
            row = await self.surroundings.custom_field()
        except (PermissionMissingError, ModuleMissingError):
            row = None  # the mark on the items does without it
        self._custom_field = str(row["name"]) if row else ""

    def shape(self, record: Record, identity: Identity, refs: Refs) -> Shaped:
        assert isinstance(record, PurchaseOrder)
        return _Shaper(record, f"{identity.scope}:{record.number}", refs, self.settings.default_unit).shaped(self.table)

    # --- finding -------------------------------------------------------------------------------------------------

    @property
    def _orders(self) -> Orders:
        return Orders(self.api)

    async def read(self, table: str, ids: Sequence[str]) -> dict[str, Row]:
        return await self._orders.read(ids)

    async def find(self, candidates: Sequence[Candidate]) -> list[list[Row]]:
        """Requests that carry our prefix, else those of the vendor in which somebody wrote the order's number."""
        orders = self._orders
        return [await orders.find(each.shaped.parts[0].payload, by_hand=True) for each in candidates]

    async def find_parts(self, parts: Sequence[Part]) -> list[list[Row]]:
        orders = self._orders
        return [await orders.find(part.payload) for part in parts]

    async def by_code(self, codes: Sequence[str]) -> dict[str, list[str]]:
        found = {code: await self._orders.of_number(code) for code in codes}
        return {code: ids for code, ids in found.items() if ids}

    def differences(self, payload: Mapping[str, Any], row: Row) -> list[str]:
        """Lines that are not there with their quantity and price; a row whose lines were not read shows no difference.

        Releases that cannot be summed share the number of their line.
        """
        items = row.columns.get("lines")
        if items is None or not row.columns.get("item_name"):
            return []
        left, differing = list(items), []
        for line in payload["lines"]:
            item = next((each for each in left if _is_line(each, line)), None)
            if item is None:
                differing.append(f"line {line['line']}")
            else:
                left.remove(item)
        if left and not differing:
            differing.append(f"{len(left)} more of its lines")
        if payload.get("cancelled") and row.pending != DENIED:
            differing.append("not cancelled")
        return differing

    # --- writing -------------------------------------------------------------------------------------------------

    async def write(self, writes: Sequence[Write]) -> list[Answer]:
        self._names = None
        return await super().write(writes)

    async def _create(self, write: Write) -> Receipt:
        if self._names is None:
            self._names = Names(self.api, self.settings, self.surroundings)
        number = write.payload["number"]
        body = await self._names.requisition(write.payload, self._custom_field)
        answer = await self.api.write("POST", REQUISITIONS, body, f"purchase order {number}")
        found = answer.get("uuid")
        if not isinstance(found, str) or not found:
            raise OutcomeUnknownError(f"Purchase order {number}: the answer names no requisition.")
        said = f"requisition for {body['department_name']}, {body['location_name']}; it goes through approval"
        return Receipt(found, landed=False, pending=WAITING, answer=said)

    async def _change(self, write: Write) -> Receipt:
        """Procurify has no change of a requisition: people make it, and what they have made of it is looked at."""
        payload = write.part.payload
        row = await self._orders.whole(write.external_id)
        if row is not None and bool(payload.get("cancelled")) == (row.pending == DENIED) and _is_made(payload, row):
            pending = "" if payload.get("cancelled") else row.pending
            return Receipt(write.external_id, landed=not pending, existed=True, pending=pending, answer=row.note)
        number = payload["number"]
        if row is not None and row.pending == DENIED:
            raise RecordError(
                f"Purchase order {number} changed at the source after its requisition was refused: {row.note}.",
                code=DENIED,
                fix="It is not sent again: enter it in Procurify by hand if it is wanted after all, or exclude it.",
            )
        if payload.get("cancelled"):
            message, todo = (
                "was cancelled at the source",
                "Cancel it in Procurify by hand, or deny it there, then replay",
            )
        else:
            lines = "; ".join(
                f"line {line['line']}: {_plain(line['quantity'])} {line['unit']} at {_plain(line['unit_price'])} "
                f"{payload['currency']}"
                for line in payload["lines"]
            )
            message, todo = "changed at the source", "Change it in Procurify by hand, then replay"
            todo += f"; wanted on {payload['required_date']}: {lines}"
        raise RecordError(
            f"Purchase order {number} {message} after its requisition {write.external_id} was sent, and Procurify's "
            "API cannot change requisitions.",
            code="TARGET_IMMUTABLE",
            fix=f"{todo}.",
        )


class _Shaper:
    """One order on its way to a requisition."""

    def __init__(self, order: PurchaseOrder, reference: str, refs: Refs, default_unit: str) -> None:
        self.order = order
        self.reference = reference
        self.refs = refs
        self.default_unit = default_unit
        self.fit = Fitting()

    def shaped(self, table: str) -> Shaped:
        order, fit = self.order, self.fit
        cancelled = order.status is OrderStatus.CANCELLED
        groups = self._groups()
        made = [self._line(group) for group in groups]
        lines = [line for line in made if line is not None]
        if not lines and not cancelled:
            fit.refuse("NO_LINES", "No line of it orders anything: all are cancelled, texts, or of quantity 0.")
        vendor = self._id("supplier", order.supplier)
        if not vendor:
            fit.refuse("REFERENCE_MISSING_ON_TARGET", f"Supplier {order.supplier.code} is not in Procurify.")
        payload: dict[str, Any] = {
            "reference": self.reference,
            "number": order.number,
            "supplier": order.supplier.code,
            "vendor": vendor,
            "required_date": self._required_on(cancelled),
            "currency": order.currency,
            "location": self._location(),
            "department": self._department(groups),
            "lines": lines,
        }
        if cancelled:
            payload["cancelled"] = True
        lookup = {"item_name": lines[0]["prefix"] if lines else f"{self.reference}/"}
        return fit.shaped(Part(HEADER, table, "", payload, lookup=lookup))

    def _id(self, field: str, reference: Reference | None) -> str:
        return (self.refs.id_of(field, reference) or "") if reference is not None else ""

    def _groups(self) -> list[list[OrderLine]]:
        """Releases of a line that can be summed: Procurify has lines alone. Cancelled ones and texts order nothing."""
        found: dict[tuple[object, ...], list[OrderLine]] = {}
        for line in self.order.lines:
            if not line.cancelled and line.kind != "text":
                found.setdefault((line.number, line.item, line.unit, line.gl_account, line.unit_price), []).append(line)
        return list(found.values())

    # --- one line ------------------------------------------------------------------------------------------------

    def _line(self, group: Sequence[OrderLine]) -> dict[str, Any] | None:
        first, number = group[0], group[0].number
        where = f"Line {number}"
        quantity = sum((line.quantity for line in group), Decimal(0))
        net = self._net(group)
        if quantity == 0 and first.kind == "charge" and net:
            quantity = Decimal(1)
        if quantity <= 0:
            self.fit.warnings.append(f"{where} is left out: its quantity is {quantity:f}.")
            return None
        account = first.gl_account
        if account is None:
            self.fit.refuse("DIMENSION_MISSING", f"{where} has no GL account.", field=f"lines[{number}].gl_account")
        unit = first.unit or self.default_unit
        prefix = f"{self.reference}/{number} "
        return {
            "line": number,
            "prefix": prefix,
            "item_name": self._item_name(prefix, first),
            "account": self._id("gl_account", account),
            "account_code": self.refs.code_of("gl_account", account) if account is not None else "",
            "quantity": self._fixed(where, "quantity", quantity, QUANTITY_PLACES),
            "unit_price": self._fixed(where, "unit price", self._price(number, group, quantity, net), PRICE_PLACES),
            "unit": self.fit.key(f"the unit of line {number}", unit, UNIT_CHARACTERS),
        }

    def _net(self, group: Sequence[OrderLine]) -> Decimal:
        return sum(
            (line.net if line.net is not None else line.quantity * line.unit_price for line in group), Decimal(0)
        )

    def _price(self, number: str, group: Sequence[OrderLine], quantity: Decimal, net: Decimal) -> Decimal:
        """The ERP's price where it gives the line's amount, else the amount divided by the quantity."""
        price = group[0].unit_price
        tolerance = minor_unit(self.order.currency) * len(group)
        if abs(price * quantity - net) <= tolerance:
            return price
        exact = (net / quantity).quantize(Decimal(1).scaleb(-PRICE_PLACES))
        self.fit.warnings.append(
            f"Line {number}: price {price:f} times {quantity:f} is not its amount {net:f}; sent with {exact:f}."
        )
        return exact

    def _fixed(self, where: str, name: str, value: Decimal, places: int) -> str:
        """With the decimals that Procurify keeps; more are refused."""
        text = f"{value:.{places}f}"
        if Decimal(text) != value:
            message = f"{where}: {name} {value:f} has more than {places} decimals."
            self.fit.refuse("VALUE_WOULD_BE_CUT", message, "Round it in the ERP.")
        return text

    def _item_name(self, prefix: str, line: OrderLine) -> str:
        """Our mark first, whole; of the description as much as fits."""
        self.fit.key("the order's number in item_name", prefix, ITEM_CHARACTERS)
        text = line.description if line.item in line.description else f"{line.item} {line.description}"
        if text != text.strip():
            self.fit.warnings.append(f"Line {line.number}: the blanks around its description are left out.")
        whole = prefix + (text.strip() or "-")
        if len(whole) > ITEM_CHARACTERS:
            self.fit.warnings.append(f"Line {line.number}: its description is cut after {ITEM_CHARACTERS} characters.")
        return whole[:ITEM_CHARACTERS]

    # --- the whole order -----------------------------------------------------------------------------------------

    def _required_on(self, cancelled: bool) -> str:
        order = self.order
        lines = [line.wanted_on or line.promised_on for line in order.lines if not line.cancelled]
        wanted = order.wanted_on or min(filter(None, lines), default=None) or order.document_date()
        if wanted is None and not cancelled:
            message = "It has no date: neither when it is wanted nor when it was ordered."
            self.fit.refuse("MANDATORY_MISSING", message, field="wanted_on")
        return wanted.isoformat() if isinstance(wanted, date) else ""

    def _location(self) -> str:
        found = (self._id("location", line.location) for line in self.order.lines if not line.cancelled)
        return self._id("location", self.order.location) or next(filter(None, found), "")

    def _department(self, groups: Sequence[Sequence[OrderLine]]) -> str:
        """A requisition has one department: that of the first line that names one."""
        named = []
        for line in (line for group in groups for line in group):
            found = self._id("department", line.department) or self._id("cost_center", line.cost_center)
            if found:
                named.append((found, line))
        others = sorted({line.number for found, line in named if found != named[0][0]})
        if others:
            self.fit.warnings.append(
                f"A requisition has one department; lines {', '.join(others)} name another one than line "
                f"{named[0][1].number}, whose is taken."
            )
        return named[0][0] if named else ""


def _is_made(payload: Mapping[str, Any], row: Row) -> bool:
    """Whether an order is there as the ERP has it by now; where it goes within Procurify is people's own matter."""
    if payload.get("cancelled"):
        return True
    left = [item for item in row.columns["lines"] if item.get("status") not in ITEM_REFUSED]
    by_hand = not any(mark_of([item]) for item in left)
    for line in payload["lines"]:
        wanted = {"unit": line["unit"], "accountCode": line["account_code"], "pref_vendor": payload["vendor"]}
        if not by_hand:
            wanted["name"] = line["item_name"]
        item = next((each for each in left if _is_line(each, line, by_hand) and _shows(each, wanted)), None)
        if item is None:
            return False
        left.remove(item)
    return not left and row.columns["required_date"] in ("", payload["required_date"])


def _shows(item: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    """Whether none of an item's fields says anything else."""
    return all(text_id(item.get(name)).strip() in ("", value.strip()) for name, value in wanted.items())


def _is_line(item: Mapping[str, Any], line: Mapping[str, Any], by_hand: bool = False) -> bool:
    """Whether an item carries the line's mark, quantity and price; what people typed has no mark."""
    marked = by_hand or str(item.get("name") or "").startswith(line["prefix"])
    amounts = (_number(item.get("quantity")), _number(item.get("price")))
    return marked and amounts == (Decimal(line["quantity"]), Decimal(line["unit_price"]))


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except ArithmeticError:
        return None


def _plain(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
