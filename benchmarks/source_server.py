"""The source: IFS Cloud's wire format from rows that were made before the clock runs."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from urllib.parse import unquote

from benchmarks import documents
from benchmarks.http_server import Answer, serve

PAGE = 5000
_ROOT = "/main/ifsapplications/projection/v1/"
_KEYS = {
    "Company": "Edm.String",
    "InvoiceId": "Edm.Int64",
    "RowId": "Edm.Int64",
    "Rowversion": "Edm.DateTimeOffset",
}
_AFTER_HEAD = re.compile(r"InvoiceId gt (\d+)")
_AFTER_LINE = re.compile(r"InvoiceId eq (\d+) and RowId gt (\d+)")
_SINCE = re.compile(r"Rowversion (?:ge|gt) ([0-9T:Z-]+)")
_IDS = re.compile(r"InvoiceId eq (\d+)")
_BEHIND = re.compile(r" and \((?:Company|Rowversion|InvoiceId) gt ")
"""What follows names the row that the page before ended with."""
_CHANGED_AT = "2025-12-01T00:00:00Z"


class Rows:
    """One set: rows of equal length in one text, and those that were changed since."""

    def __init__(self, name: str, count: int, make: Callable[[int], bytes]) -> None:
        self.name = name
        self.count = count
        self._size = len(make(0)) + 1
        self._text = bytearray(count * self._size)
        for number in range(count):
            row = make(number)
            assert len(row) + 1 == self._size
            self._text[number * self._size : (number + 1) * self._size] = row + b","
        self.changed: dict[int, bytes] = {}

    def row(self, number: int) -> bytes:
        return self.changed.get(number) or bytes(self._text[number * self._size : (number + 1) * self._size - 1])

    def page(self, start: int) -> bytes:
        """A page in key order; the link is there as long as there are more."""
        end = min(start + PAGE, self.count)
        if any(start <= number < end for number in self.changed):
            rows = b",".join([self.row(number) for number in range(start, end)])
        else:
            rows = bytes(self._text[start * self._size : max(start, end) * self._size - 1]) if end > start else b""
        return envelope(self.name, rows, end if end < self.count else 0)

    def some(self, numbers: list[int]) -> bytes:
        return envelope(self.name, b",".join([self.row(number) for number in numbers]), 0)


def _split(query: str) -> tuple[str, str]:
    """What is asked for, and behind which row."""
    found = _BEHIND.search(query)
    return (query[: found.start()], query[found.start() :]) if found else (query, "")


def envelope(name: str, rows: bytes, skip: int) -> bytes:
    """An answer of OData with the link to what follows."""
    link = f',"@odata.nextLink":"{name}?$skiptoken={skip}"' if skip else ""
    return b'{"@odata.context":"$metadata#%s","value":[%s]%s}' % (name.encode(), rows, link.encode())


class Source:
    """Answers what the connector asks of IFS Cloud for a flow of invoices."""

    def __init__(self, invoices: int) -> None:
        self.invoices = invoices
        self.heads = Rows("PostingProposalHeadSet", invoices, documents.head)
        self.lines = Rows(
            "PostingProposalLineSet",
            invoices * documents.LINES,
            lambda number: documents.line(*divmod(number, documents.LINES)),
        )
        self._small: dict[str, bytes] = {}
        self._metadata: dict[str, list[str]] = {"PostingProposalHandling": [self.heads.name, self.lines.name]}
        for service, name, rows in documents.small_sets():
            self._small[name] = envelope(name, ",".join(rows).encode(), 0)
            self._metadata.setdefault(service, []).append(name)

    def handle(self, method: str, path: str, body: bytes) -> Answer:
        if path.endswith("/openid-connect/token"):
            return Answer(b'{"access_token":"source-token","expires_in":3600,"token_type":"Bearer"}')
        if path.startswith("/benchmark/change/"):
            self._change(int(path.rpartition("/")[2]))
            return Answer(b"{}")
        service, _, rest = unquote(path).removeprefix(_ROOT).partition(".svc/")
        if rest == "$metadata":
            return Answer(self._edmx(service), content_type="application/xml")
        name, _, query = rest.partition("?")
        if name == self.heads.name:
            return Answer(self._heads(query))
        if name == self.lines.name:
            return Answer(self._lines(query))
        if name in self._small:
            empty = " gt " in query
            return Answer(envelope(name, b"", 0) if empty else self._small[name])
        return Answer(b'{"error":{"code":"ODP_NOT_FOUND","message":"Not found"}}', 404)

    def _heads(self, query: str) -> bytes:
        if "Rowversion desc" in query:
            return self.heads.some([self.invoices - 1])
        base, behind = _split(query)
        after = _AFTER_HEAD.search(behind)
        if since := _SINCE.search(base):
            tail = range(documents.first_since(since[1], self.invoices), self.invoices)
            found = [n for n in tail if n not in self.heads.changed] + sorted(self.heads.changed)
            return self.heads.some([] if behind else found)
        if ids := _IDS.findall(base):
            last = int(after[1]) if after else 0
            return self.heads.some([int(each) - documents.FIRST_ID for each in ids if int(each) > last])
        return self.heads.page(int(after[1]) - documents.FIRST_ID + 1 if after else 0)

    def _lines(self, query: str) -> bytes:
        per = documents.LINES
        if "Rowversion desc" in query:
            return self.lines.some([self.lines.count - 1])
        base, behind = _split(query)
        after = _AFTER_LINE.search(behind)
        if since := _SINCE.search(base):
            first = documents.first_since(since[1], self.invoices)
            return self.lines.some([] if behind else list(range(first * per, self.lines.count)))
        start = (int(after[1]) - documents.FIRST_ID) * per + int(after[2]) if after else 0
        if ids := _IDS.findall(base):
            numbers = [(int(each) - documents.FIRST_ID) * per + row for each in ids for row in range(per)]
            return self.lines.some([number for number in numbers if number >= start])
        return self.lines.page(start)

    def _change(self, count: int) -> None:
        """Give so many invoices, evenly spread, another term of payment; 0: all is as it was."""
        self.heads.changed.clear()
        for index in range(count):
            number = index * self.invoices // count
            self.heads.changed[number] = documents.head(number, terms="60", due="2025-08-31", rowversion=_CHANGED_AT)

    def _edmx(self, service: str) -> bytes:
        properties = "".join(f'<Property Name="{name}" Type="{kind}"/>' for name, kind in _KEYS.items())
        names = self._metadata.get(service, [])
        types = "".join(f'<EntityType Name="{name}Type">{properties}</EntityType>' for name in names)
        sets = "".join(f'<EntitySet Name="{name}" EntityType="B.{name}Type"/>' for name in names)
        return (
            '<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0"><edmx:DataServices>'
            f'<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="B">{types}'
            f'<EntityContainer Name="C">{sets}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>'
        ).encode()


if __name__ == "__main__":
    serve(Source(int(sys.argv[1])).handle, float(sys.argv[2]))
