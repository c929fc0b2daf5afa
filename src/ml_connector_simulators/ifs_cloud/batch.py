"""`$batch`: multipart bodies taken apart and put together, and the rules of change sets (fact sheet §3)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import msgspec
from multidict import CIMultiDict

from .. import exact_json
from ..exchange import Answer, Call
from .refusals import RefusedError, bad_request

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_REQUEST_LINE = re.compile(r"([A-Z]+) (\S+)(?: HTTP/1\.1)?")


@dataclass(frozen=True)
class Part:
    """One inner request as written, or a change set of several."""

    content_id: str = ""
    method: str = ""
    target: str = ""
    headers: CIMultiDict[str] | None = None
    body: bytes = b""
    members: tuple[Part, ...] | None = None  # a change set's requests


@dataclass(frozen=True)
class Outcome:
    """The answer to one part; a change set that went well has one per member."""

    answer: Answer | None = None
    content_id: str = ""
    members: tuple[Outcome, ...] = ()


@dataclass(frozen=True)
class Handling:
    """What the batch needs from the service: answer one request; begin, keep or undo a change set."""

    root: str
    authorization: str
    answer: Callable[[Call], Awaitable[Answer]]
    begin: Callable[[], None]
    finish: Callable[[bool], None]


async def run_batch(call: Call, handling: Handling) -> Answer:
    """The outer answer is 200; the first failure ends the batch unless `Prefer: odata.continue-on-error`."""
    parts = parse_multipart(call.header("Content-Type"), call.body)
    outcomes = await _run(parts, handling, "continue-on-error" in call.header("Prefer"))
    body = _multipart("batchresponse", outcomes)
    return Answer.of(body, "multipart/mixed; boundary=batchresponse")


async def run_json_batch(call: Call, handling: Handling) -> Answer:
    """The JSON form; a switch, since it is undocumented."""
    parts = [_json_part(item) for item in _json_items(call)]
    outcomes = await _run(parts, handling, "continue-on-error" in call.header("Prefer"))
    responses = [_json_outcome(outcome) for outcome in outcomes]
    return Answer.json({"responses": responses})


async def _run(parts: list[Part], handling: Handling, go_on: bool) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for part in parts:
        if part.members is None:
            answer = await handling.answer(_inner_call(part, handling, {}))
            outcome = Outcome(answer, part.content_id)
        else:
            outcome = await _run_change_set(part.members, handling)
        outcomes.append(outcome)
        if outcome.answer is not None and outcome.answer.status >= 400 and not go_on:
            break
    return outcomes


async def _run_change_set(members: tuple[Part, ...], handling: Handling) -> Outcome:
    """All or nothing; on failure the one error stands for the whole change set."""
    if any(part.method == "GET" for part in members):
        return Outcome(bad_request("A change set must not contain GET.").answer())
    created: dict[str, tuple[str, str]] = {}
    outcomes: list[Outcome] = []
    handling.begin()
    for part in members:
        answer = await handling.answer(_inner_call(part, handling, created))
        if answer.status >= 400:
            handling.finish(False)
            return Outcome(answer, part.content_id)
        if part.content_id:
            where = urlsplit(answer.headers.get("Location", part.target)).path
            created[part.content_id] = (where, answer.headers.get("ETag", ""))
        outcomes.append(Outcome(answer, part.content_id))
    handling.finish(True)
    return Outcome(members=tuple(outcomes))


def _inner_call(part: Part, handling: Handling, created: dict[str, tuple[str, str]]) -> Call:
    """`$<Content-ID>` becomes the created row's address, in If-Match its ETag."""
    target = part.target
    headers = CIMultiDict(part.headers or {})
    head, slash, rest = target.partition("/")
    if head.startswith("$") and head[1:] in created:
        target = created[head[1:]][0] + slash + rest
    match = headers.get("If-Match", "")
    if match.startswith("$") and match[1:] in created:
        headers["If-Match"] = created[match[1:]][1]
    headers["Authorization"] = handling.authorization
    split = urlsplit(target)
    path = split.path if split.path.startswith("/") else handling.root + split.path
    return Call(part.method, path, split.query, headers, part.body, inner=True)


def parse_multipart(content_type: str, body: bytes) -> list[Part]:
    """The parts of a multipart/mixed body. Raises RefusedError 415 or 400."""
    if not content_type.lower().startswith("multipart/mixed"):
        raise RefusedError(415, "ODP_BAD_REQUEST", "A batch must be multipart/mixed.")
    return [_part(headers, content) for headers, content in _pieces(content_type, body)]


def _pieces(content_type: str, body: bytes) -> list[tuple[CIMultiDict[str], bytes]]:
    found = _BOUNDARY.search(content_type)
    if not found:
        raise bad_request("The multipart body has no boundary.")
    marker = b"--" + found[1].strip().encode()
    pieces = re.split(rb"(?:^|\r?\n)" + re.escape(marker), body)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise bad_request("The multipart body is not closed.")
    return [_headed(piece.lstrip(b"\r\n") if piece[:1] in b"\r\n" else piece) for piece in pieces[1:-1]]


def _headed(text: bytes) -> tuple[CIMultiDict[str], bytes]:
    """Header lines, an empty line, the rest."""
    head, _, rest = text.replace(b"\r\n", b"\n").partition(b"\n\n")
    headers: CIMultiDict[str] = CIMultiDict()
    for line in head.decode("utf-8", "replace").split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip()] = value.strip()
    return headers, rest


def _part(headers: CIMultiDict[str], content: bytes) -> Part:
    kind = headers.get("Content-Type", "")
    if kind.lower().startswith("multipart/mixed"):
        return Part(members=tuple(_part(*piece) for piece in _pieces(kind, content)))
    if not kind.lower().startswith("application/http"):
        raise bad_request(f"A part of the batch is '{kind}', not application/http.")
    line, _, rest = content.lstrip(b"\n").partition(b"\n")
    found = _REQUEST_LINE.fullmatch(line.decode("utf-8", "replace").strip())
    if not found:
        raise bad_request("A part of the batch has no request line.")
    inner_headers, body = (CIMultiDict[str](), rest.lstrip(b"\n")) if rest[:1] == b"\n" else _headed(rest)
    return Part(headers.get("Content-ID", ""), found[1], found[2], inner_headers, body.rstrip(b"\n"))


def _multipart(boundary: str, outcomes: list[Outcome] | tuple[Outcome, ...]) -> bytes:
    written = [f"--{boundary}\r\n".encode() + _written(outcome, n) for n, outcome in enumerate(outcomes)]
    return b"".join(written) + f"--{boundary}--\r\n".encode()


def _written(outcome: Outcome, number: int) -> bytes:
    if outcome.answer is None:
        boundary = f"changesetresponse_{number}"
        head = f"Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n"
        return head.encode() + _multipart(boundary, outcome.members)
    answer = outcome.answer
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    if outcome.content_id:
        lines.append(f"Content-ID: {outcome.content_id}")
    lines += ["", f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    lines += [f"Content-Length: {len(answer.body)}", "", ""]
    return "\r\n".join(lines).encode() + answer.body + b"\r\n"


def _json_items(call: Call) -> list[dict[str, Any]]:
    try:
        items = call.json()["requests"]
    except (KeyError, TypeError, msgspec.DecodeError) as error:
        raise bad_request("The batch needs a list 'requests'.") from error
    return list(items)


def _json_part(item: dict[str, Any]) -> Part:
    body = exact_json.dump(item["body"]) if "body" in item else b""
    headers: CIMultiDict[str] = CIMultiDict(item.get("headers", {}))
    return Part(str(item.get("id", "")), str(item["method"]).upper(), str(item["url"]), headers, body)


def _json_outcome(outcome: Outcome) -> dict[str, object]:
    assert outcome.answer is not None
    shown: dict[str, object] = {"id": outcome.content_id, "status": outcome.answer.status}
    if outcome.answer.body:
        shown["body"] = exact_json.load(outcome.answer.body)
    return {**shown, "headers": dict(outcome.answer.headers)}
