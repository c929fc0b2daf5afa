"""The page at `/`: what a simulated system holds, readable without any technical knowledge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from html import escape
from typing import Any
from urllib.parse import urlencode

from .journal import Counts

ROWS_ON_OVERVIEW = 8
ROWS_PER_PAGE = 100
_Row = Mapping[str, Any]

_STYLE = """
:root{color-scheme:light dark;--line:#dfe3ea;--soft:#f5f7fa;--ink:#1c2430;--dim:#667085;--accent:#2457c5;--card:#fff}
@media(prefers-color-scheme:dark){:root{--line:#323a46;--soft:#1b2129;--ink:#e6eaf0;--dim:#98a2b3;--accent:#8ab0ff;
--card:#12171e}}
*{box-sizing:border-box}body{margin:0;font:15px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--soft)}
header{padding:20px 28px;background:var(--card);border-bottom:1px solid var(--line)}
h1{font-size:21px;margin:0}h2{font-size:16px;margin:0}p{margin:4px 0 0;color:var(--dim)}
main{padding:20px 28px;max-width:1500px;margin:auto}a{color:var(--accent);text-decoration:none}
a:hover{text-decoration:underline}nav{display:flex;flex-wrap:wrap;gap:8px;margin-bottom:20px}
nav a{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:6px 12px}
nav a[aria-current]{border-color:var(--accent);font-weight:600}nav b{margin-left:6px;color:var(--dim)}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;margin-bottom:20px;overflow:hidden}
section>div.top{display:flex;gap:12px;align-items:baseline;padding:12px 16px;flex-wrap:wrap}
div.top span{color:var(--dim)}div.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13.5px}
th{text-align:left;color:var(--dim);font-weight:600;background:var(--soft)}
th,td{padding:6px 12px;border-top:1px solid var(--line);white-space:nowrap;max-width:340px;overflow:hidden;
text-overflow:ellipsis}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}td.none{color:var(--dim)}
td{white-space:pre}form{margin-left:auto}input{font:inherit;padding:5px 9px;border:1px solid var(--line);
border-radius:7px;background:var(--card);color:inherit}div.pages{padding:10px 16px;display:flex;gap:16px}
"""


def render_page(
    *,
    title: str,
    tables: Mapping[str, Sequence[_Row]],
    columns: Callable[[str], Sequence[str] | None],
    titles: Callable[[str], str],
    counts: Counts,
    now: datetime,
    chosen: str = "",
    find: str = "",
    first: str = "0",
) -> str:
    """The whole page: an overview of all tables, or one `chosen` table with a search and pages of rows."""
    if chosen in tables:
        start = int(first) if first.isdigit() else 0
        content = _one_table(chosen, _heading(chosen, titles), tables[chosen], columns(chosen), find, start)
    else:
        content = "".join(_overview(name, _heading(name, titles), rows, columns(name)) for name, rows in tables.items())
    requests = "1 request" if counts.total == 1 else f"{counts.total:,} requests"
    asked = f"{requests} so far" if counts.total else "not asked anything yet"
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f'<style>{_STYLE}</style></head><body><header><h1><a href="/">{escape(title)}</a></h1>'
        f"<p>Simulated system. Its clock says {now:%d %B %Y, %H:%M} UTC; {asked}.</p></header>"
        f"<main>{_navigation(tables, titles, chosen)}{content}</main></body></html>"
    )


def _heading(name: str, titles: Callable[[str], str]) -> str:
    """The human title with the system's own name behind it."""
    title = titles(name)
    return f"<h2>{escape(title)}</h2><span>{escape(name)}</span>" if title else f"<h2>{escape(name)}</h2>"


def _navigation(tables: Mapping[str, Sequence[_Row]], titles: Callable[[str], str], chosen: str) -> str:
    links = [
        f'<a href="?{urlencode({"set": name})}"{" aria-current=page" if name == chosen else ""}>'
        f"{escape(titles(name) or name)}<b>{len(rows):,}</b></a>"
        for name, rows in tables.items()
    ]
    return f"<nav>{''.join(links)}</nav>"


def _overview(name: str, heading: str, rows: Sequence[_Row], columns: Sequence[str] | None) -> str:
    if not rows:
        return ""
    shown = rows[:ROWS_ON_OVERVIEW]
    more = f'<a href="?{urlencode({"set": name})}">show all</a>' if len(rows) > len(shown) else ""
    top = f'<div class="top">{heading}<span>{_number_of_rows(len(rows))}</span>{more}</div>'
    return f"<section>{top}{_table(shown, columns)}</section>"


def _one_table(
    name: str, heading: str, rows: Sequence[_Row], columns: Sequence[str] | None, find: str, first: int
) -> str:
    wanted = find.casefold()
    hits = [r for r in rows if not wanted or any(wanted in str(v).casefold() for v in r.values())]
    shown = hits[first : first + ROWS_PER_PAGE]
    search = (
        f'<form><input type="hidden" name="set" value="{escape(name)}">'
        f'<input name="find" value="{escape(find)}" placeholder="Search" aria-label="Search"></form>'
    )
    top = f'<div class="top">{heading}<span>{_number_of_rows(len(hits))}</span>{search}</div>'
    return f"<section>{top}{_table(shown, columns)}{_pages(name, find, first, len(hits))}</section>"


def _pages(name: str, find: str, first: int, total: int) -> str:
    def link(to: int, text: str) -> str:
        return f'<a href="?{urlencode({"set": name, "find": find, "first": to})}">{text}</a>'

    last = min(first + ROWS_PER_PAGE, total)
    if total <= ROWS_PER_PAGE:
        return ""
    before = link(max(0, first - ROWS_PER_PAGE), "← previous") if first else ""
    after = link(first + ROWS_PER_PAGE, "next →") if last < total else ""
    return f'<div class="pages">{before}<span>{first + 1:,} to {last:,}</span>{after}</div>'


def _table(rows: Sequence[_Row], columns: Sequence[str] | None) -> str:
    if not rows:
        return '<div class="top"><span>Nothing here.</span></div>'
    names = _columns(rows, columns)
    numeric = {n for n in names if any(isinstance(r.get(n), (Decimal, int)) for r in rows)}
    head = "".join(f"<th{' class=n' if n in numeric else ''}>{escape(n)}</th>" for n in names)
    body = "".join(f"<tr>{''.join(_cell(r.get(n), n in numeric) for n in names)}</tr>" for r in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _columns(rows: Sequence[_Row], preferred: Sequence[str] | None) -> list[str]:
    """The preferred columns, then all others that hold something in a shown row."""
    names = dict.fromkeys(preferred or ())
    for row in rows:
        names.update(dict.fromkeys(n for n, v in row.items() if v not in (None, "")))
    return list(names)


def _cell(value: object, numeric: bool) -> str:
    if value is None or value == "":
        return '<td class="none">–</td>'
    return f'<td{" class=n" if numeric else ""} title="{escape(str(value))}">{escape(_shown(value))}</td>'


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value:,f}"
    return str(value)


def _number_of_rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
