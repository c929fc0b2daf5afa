"""Secrets are for the system alone: nobody finds one in a log, an error or a representation."""

from __future__ import annotations

import contextlib
import logging
import traceback
from collections.abc import AsyncIterator

import pytest

from conformance.probing import ask
from conformance.subject import Subject
from ml_connector.errors import MLConnectorError
from ml_connector.systems.base import System


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Everything that anybody logs, as talkative as can be."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("asyncio").setLevel(logging.INFO)
    return caplog


def secrets_of(subject: Subject) -> list[str]:
    tokens = [] if subject.foreign else subject.issued_tokens()
    return [*subject.secrets, *subject.bad_credentials.values(), *tokens]


def told(subject: Subject, text: str) -> list[str]:
    """The secrets in a text."""
    return [secret for secret in secrets_of(subject) if secret in text]


def everything_about(error: BaseException) -> str:
    """Message, fields, causes and traceback."""
    fields = repr(getattr(error, "fields", ""))
    return "".join(traceback.format_exception(error)) + repr(error) + str(error) + fields


@contextlib.asynccontextmanager
async def signed_in(subject: Subject) -> AsyncIterator[System]:
    async with subject.connect() as system:
        await ask(subject, system)
        yield system


async def test_no_secret_in_logs(subject: Subject, logged: pytest.LogCaptureFixture) -> None:
    """A whole life of a connection, at level DEBUG: sign-in, use, check, end."""
    async with signed_in(subject) as system:
        await system.check(subject.needs())
    assert told(subject, logged.text) == []


async def test_no_secret_in_findings(subject: Subject, logged: pytest.LogCaptureFixture) -> None:
    """What `check` says about a sign-in that failed."""
    async with subject.connect(subject.bad_credentials) as system:
        found = await system.check(subject.needs())
    assert told(subject, repr(found) + logged.text) == []


async def test_no_secret_in_sign_in_errors(subject: Subject, logged: pytest.LogCaptureFixture) -> None:
    """What is raised when the sign-in is refused."""
    async with subject.connect(subject.bad_credentials) as system:
        with pytest.raises(MLConnectorError) as caught:
            await ask(subject, system)
    assert told(subject, everything_about(caught.value) + logged.text) == []


@pytest.mark.inside
@pytest.mark.parametrize("trouble", ["status", "drop_after", "html", "garbage", "truncate"])
async def test_no_secret_in_errors(subject: Subject, logged: pytest.LogCaptureFixture, trouble: str) -> None:
    """What is raised when the system is in trouble, also while signing in."""
    said = ""
    for kind in ("token", "read"):
        subject.calm()
        subject.fault(trouble, match={"kind": kind})
        async with subject.connect() as system:
            with pytest.raises(MLConnectorError) as caught:
                await ask(subject, system)
        said += everything_about(caught.value)
    assert told(subject, said + logged.text) == []


@pytest.mark.inside
async def test_no_secret_when_the_system_repeats_it(subject: Subject, logged: pytest.LogCaptureFixture) -> None:
    """A system that quotes our credentials in its error does not make us quote them."""
    body = {"error": {"message": f"bad secret {subject.secrets[0]}", "detail": subject.secrets[0]}}
    subject.fault("status", match={"kind": "read"}, status=400, body=body)
    async with subject.connect() as system:
        with pytest.raises(MLConnectorError) as caught:
            await ask(subject, system)
    assert told(subject, everything_about(caught.value) + logged.text) == []


async def test_no_secret_in_representations(subject: Subject) -> None:
    """The opening, the connection, and what hangs on them."""
    async with signed_in(subject) as system:
        parts = [subject.opening(), system, *vars(system).values()]
        parts += [each for part in parts[1:] for each in getattr(part, "__dict__", {}).values()]
        text = " ".join(repr(each) for each in parts)
    assert told(subject, text) == []
