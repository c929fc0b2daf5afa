"""Where sources and a target disagree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from flows.judge.model import Invoice, Order, SeenOrder, Source, Target

Asked = Counter[tuple[Decimal, Decimal]]


def compare(sources: Sequence[Source], target: Target) -> list[str]:
    """All disagreements. What several ERPs bring adds up; where one of them met a row that people had keyed, the
    others did not, so that such documents are checked for one ERP alone."""
    target = translated(sources, target)
    orders: list[Order] = []
    invoices: list[Invoice] = []
    for source in sources:
        found = expected(source, target)
        orders += [named(source, target, order) for order in found[0]]
        invoices += found[1]
    centers = [source.centers for source in sources if source.system not in target.without_centers]
    return [
        *compare_codes("GL account", [source.accounts for source in sources], target.accounts),
        *compare_codes("cost center", centers, target.centers),
        *compare_suppliers(sources, target),
        *compare_orders(sources, target, orders),
        *(compare_invoices(sources, target, invoices) if target.takes_invoices else ()),
    ]


def translated(sources: Sequence[Source], target: Target) -> Target:
    """With the codes of suppliers and cost centers where the target shows the ERP's key, or the name alone."""
    keys = {key: code for source in sources for key, code in source.keys.items()}
    suppliers: Counter[str] = Counter()
    for supplier, rows in target.suppliers.items():
        suppliers[keys.get(supplier, supplier)] += rows
    centers = Counter(target.centers)
    for source in sources:
        centers.update({one: target.centers[name] for one, name in source.center_names.items() if name != one})
    return replace(target, suppliers=suppliers, centers=centers)


def named(source: Source, target: Target, order: Order) -> Order:
    """With the supplier as the target shows it."""
    return replace(order, supplier=source.suppliers[order.supplier].strip()) if target.names_suppliers else order


def expected(source: Source, target: Target) -> tuple[list[Order], list[Invoice]]:
    """The orders and invoices of one source that have to be there."""
    doubled = {
        code
        for code, name in source.suppliers.items()
        if target.typed_names[name] > 1 or name.strip() in target.unreachable
    }
    differing = typed_otherwise(source, target)
    sound = {
        order.id: order
        for order in source.orders
        if order.sound and order.supplier not in doubled and order.number not in differing and fits(order, target)
    }
    invoices = [
        invoice
        for invoice in source.invoices
        if invoice.sound
        and invoice.supplier not in doubled
        and not invoice.old_and_paid
        and invoice.orders <= sound.keys()
    ]
    wanted = {order for invoice in invoices for order in invoice.orders}
    return [order for order in sound.values() if not order.old_and_closed or order.id in wanted], invoices


def fits(order: Order, target: Target) -> bool:
    """Whether the target can hold it."""
    lines = [line for line in order.lines if not line.cancelled]
    fraction = target.whole_quantities and any(line.quantity % 1 for line in lines)
    uncoded = target.coded_orders and any(not line.account for line in lines)
    return not fraction and not uncoded


def typed_otherwise(source: Source, target: Target) -> set[str]:
    """Numbers of orders that people typed on the target with other lines, or more than once: they stay as they are."""
    typed: dict[str, list[SeenOrder]] = defaultdict(list)
    for seen in target.orders:
        if not seen.ours:
            typed[seen.number].append(seen)
    return {
        order.number
        for order in source.orders
        if order.number in typed
        and not (len(typed[order.number]) == 1 and typed[order.number][0].lines == asked(order, target))
    }


def asked(order: Order, target: Target) -> Asked:
    """What the order's lines are to be on the target."""
    if not target.releases_summed:
        return Counter(
            ((Decimal(0) if line.cancelled else line.quantity).normalize(), line.price.normalize())
            for line in order.lines
        )
    sums: dict[tuple[str, str, Decimal], Decimal] = defaultdict(Decimal)
    for line in order.lines:
        if not line.cancelled and line.quantity:
            sums[line.number, line.account, line.price.normalize()] += line.quantity
    return Counter((quantity.normalize(), price) for (_, _, price), quantity in sums.items())


def compare_codes(what: str, wanted: Sequence[frozenset[str]], there: Counter[str]) -> list[str]:
    """Each code is there, and not more often than there are ERPs that have it, people's own rows aside."""
    codes: Counter[str] = Counter(code for one in wanted for code in one)
    return [f"{what} {code}: missing" for code in sorted(codes) if not there[code]]


def compare_suppliers(sources: Sequence[Source], target: Target) -> list[str]:
    wanted: Counter[str] = Counter(code for source in sources for code in source.suppliers)
    there = target.suppliers
    return [
        *(f"supplier {code!r}: {there[code]} rows instead of {n}" for code, n in wanted.items() if there[code] > n),
        *(f"supplier {code!r}: should not be there" for code in there if code not in wanted),
    ]


def compare_orders(sources: Sequence[Source], target: Target, expected: list[Order]) -> list[str]:
    wanted: dict[str, list[Order]] = defaultdict(list)
    for order in expected:
        wanted[order.number].append(order)
    found: dict[str, list[SeenOrder]] = defaultdict(list)
    for seen in target.orders:
        found[seen.number].append(seen)
    typed = {seen.number for seen in target.orders if not seen.ours}
    problems = []
    for number in sorted(wanted.keys() | found.keys()):
        want, have = wanted.get(number, []), found.get(number, [])
        if number in typed and len(sources) > 1:
            continue
        if not want:
            problems += [f"order {number}: should not be there" for seen in have if seen.ours]
        elif not have:
            problems.append(f"order {number}: missing")
        elif len(have) != len(want):
            problems.append(f"order {number}: {len(have)} rows instead of {len(want)}")
        else:
            problems += compare_order(number, want, have, target)
    return problems


def compare_order(number: str, want: list[Order], have: list[SeenOrder], target: Target) -> list[str]:
    """Orders of one number, of as many ERPs: each with its lines and supplier."""
    problems = []
    asked_for = Counter(frozenset(asked(order, target).items()) for order in want)
    seen_lines = Counter(frozenset(seen.lines.items()) for seen in have)
    if asked_for != seen_lines:
        problems.append(
            f"order {number}: lines {[dict(s.lines) for s in have]} instead of {[dict(asked(o, target)) for o in want]}"
        )
    suppliers = Counter(order.supplier for order in want)
    if all(seen.ours for seen in have) and Counter(seen.supplier for seen in have) != suppliers:
        problems.append(f"order {number}: supplier {[seen.supplier for seen in have]} instead of {sorted(suppliers)}")
    for seen in have:
        if seen.ours and seen.draft:
            problems.append(f"order {number}: still a draft")
        if seen.dangling:
            problems.append(f"order {number}: a line's GL account does not exist")
        accounts = {line_coding(order) for order in want}
        if seen.ours and seen.coding is not None and frozenset(seen.coding) not in accounts:
            problems.append(f"order {number}: coded {sorted(seen.coding)} instead of {[sorted(a) for a in accounts]}")
        if seen.scope and seen.scope not in {order.scope for order in want}:
            problems.append(f"order {number}: of {seen.scope}")
    return problems


def line_coding(order: Order) -> frozenset[tuple[str, str]]:
    """(number, GL account) of the lines that order anything."""
    return frozenset((line.number, line.account) for line in order.lines if not line.cancelled and line.quantity)


def compare_invoices(sources: Sequence[Source], target: Target, expected: list[Invoice]) -> list[str]:
    """One row for each natural key: of two real duplicates at the source only one may have been sent."""
    natural: dict[tuple[Any, ...], list[Invoice]] = defaultdict(list)
    for position, source in enumerate(sources):
        mine = {id(invoice) for invoice in source.invoices}
        for invoice in expected:
            if id(invoice) in mine:
                natural[position, *invoice.natural].append(invoice)
    want: Counter[tuple[Any, ...]] = Counter()
    same: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for invoices in natural.values():
        first = facts_of(invoices[0])
        want[first] += 1
        same |= {facts_of(other): first for other in invoices[1:]}
    have = Counter(same.get(seen.facts, seen.facts) for seen in target.invoices)
    problems = [f"invoice {s.facts[:2]}: still a draft" for s in target.invoices if s.ours and s.draft]
    typed = {seen.number for seen in target.invoices if not seen.ours}
    for facts in want | have:
        if want[facts] != have[facts] and facts[1] not in typed:
            counted = f"{have[facts]} on the target, {want[facts]} wanted"
            problems.append(f"invoice {facts[:4]}: {counted} {[_told(each) for each in facts[4:]]}")
    return problems


def _told(fact: Any) -> Any:
    """The same words in every process: sets have no order."""
    return sorted(fact, key=str) if isinstance(fact, frozenset) else fact


def facts_of(invoice: Invoice) -> tuple[Any, ...]:
    """By which an invoice is recognised on the target."""
    coded = Counter((line.amount.normalize(), line.account, line.center) for line in invoice.lines)
    return facts(
        invoice.supplier,
        invoice.number,
        invoice.date,
        invoice.currency,
        invoice.net,
        invoice.gross,
        invoice.order,
        coded,
    )


def facts(
    supplier: str, number: str, date: str, currency: str, net: Decimal, gross: Decimal, order: str, coded: Counter[Any]
) -> tuple[Any, ...]:
    """The same of what is seen there; `coded` counts (amount, account, cost center)."""
    return supplier, number, date[:10], currency, net.normalize(), gross.normalize(), order, frozenset(coded.items())
