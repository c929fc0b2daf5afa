"""Which API answers a path, and what goes wrong before and after (fact sheet sections 2 and 3)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from ..exchange import Answer, Call, Label
from . import batch, stats, table_api
from .access import Account
from .ap_invoice import ApInvoiceApi
from .import_api import ImportApi
from .instance import Instance
from .jobs import Jobs
from .messages import RefusedError, Request, cancelled, no_resource, wrong_method

LARGEST_BODY = 10_485_760
TABLE = re.compile(r"/api/now/(?:(v1|v2)/)?table/([^/]+)(?:/([^/]+))?/?")
STATS = re.compile(r"/api/now/(?:v1/)?stats/([^/]+)/?")
IMPORT = re.compile(r"/api/now/(?:v1/)?import/([^/]+)(?:/([^/]+))?/?")
BATCH = re.compile(r"/api/now/(?:v1/)?batch/?")
AP_INVOICE = "/api/sn_spend_intg/v1/ap_invoice/json"
WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
BATCH_WRITES = re.compile(rb'"(?:POST|PUT|PATCH|DELETE)"')


def label_of(call: Call) -> Label:
    """Says what a request is for: `batch`, or the table it touches."""
    path = call.path
    if path.startswith("/oauth_"):
        return Label("token")
    if BATCH.fullmatch(path):
        return Label("write" if BATCH_WRITES.search(call.body) else "read", "batch")
    kind = "write" if call.method in WRITING else "read"
    if match := TABLE.fullmatch(path):
        return Label("write" if kind == "write" else "read", match[2])
    if match := IMPORT.fullmatch(path) or STATS.fullmatch(path):
        return Label("write" if kind == "write" else "read", match[1])
    return Label("write" if kind == "write" else "read")


class Api:
    """All APIs of an instance, for users who are signed in."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.imports = ImportApi(instance)
        self.ap_invoices = ApInvoiceApi(instance)
        self.jobs = Jobs(instance)

    def catch_up(self) -> None:
        """Does what the instance would have done by itself by now."""
        if self.imports.pending:
            self.imports.catch_up()
        if self.ap_invoices.accepted:
            self.ap_invoices.catch_up()
        self.jobs.catch_up()

    async def serve(self, call: Call, account: Account, inner: Callable[[Call], Awaitable[Answer]]) -> Answer:
        """Answers a request; whatever is refused comes back in the vendor's error body."""
        base_url = f"http://{call.header('Host', 'localhost')}"
        path, query = call.decoded_path, call.parameters() if call.query else {}
        request = Request(call.method, path, query, call.body, account, base_url)
        try:
            check_media_types(call)
            if BATCH.fullmatch(path):
                if call.method != "POST" or call.inner:
                    raise wrong_method()
                return await batch.serve(self.instance, call, inner)
            return self._serve_with_traps(call, request)
        except RefusedError as error:
            return error.answer()

    def _serve_with_traps(self, call: Call, request: Request) -> Answer:
        trap = self.instance.trapped(request, "drop_202", "cancelled_500") if self.instance.switches.traps else ""
        if trap == "drop_202":
            return Answer(202)
        answer = self._serve(call, request)
        return cancelled().answer() if trap else answer

    def _serve(self, call: Call, request: Request) -> Answer:
        if match := TABLE.fullmatch(request.path):
            return table_api.serve(self.instance, request, match[2], match[3], match[1] or "")
        if match := IMPORT.fullmatch(request.path):
            return self.imports.serve(request, match[1], match[2] or "")
        if match := STATS.fullmatch(request.path):
            return stats.serve(self.instance, request, match[1])
        if request.path == AP_INVOICE:
            return self.ap_invoices.serve(request, call.header("Source-System"))
        raise no_resource()


def check_media_types(call: Call) -> None:
    """Refuses bodies that are too large, answers that are not JSON, and bodies that are not."""
    if len(call.body) > LARGEST_BODY:
        length = len(call.body)
        message = (
            f"Rejected large REST payload with content-length = {length} bytes. Max allowed: {LARGEST_BODY} bytes."
        )
        raise RefusedError(400, message)
    accept = call.header("Accept", "*/*")
    if not any(kind in accept for kind in ("json", "*/*", "application/*")):
        raise RefusedError(406, "Invalid content-type", f"Accept: {accept} is not supported")
    content_type = call.header("Content-Type", "application/json")
    if call.method in ("POST", "PUT", "PATCH") and "json" not in content_type:
        raise RefusedError(415, "Unsupported media type", f"Content-Type: {content_type} is not supported")
