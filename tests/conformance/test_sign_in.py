"""Signing in: with good, bad, expired and powerless credentials."""

from __future__ import annotations

import pytest

from conformance.probing import ask, findings, missing
from conformance.subject import Subject
from ml_connector.errors import AuthenticationError, ConfigurationError
from ml_connector.systems.base import Verdict


async def test_good_sign_in(subject: Subject) -> None:
    """`check` says that it signed in, before anything else."""
    async with subject.connect() as system:
        first = (await system.check(subject.needs()))[0]
    assert (first.verdict, first.operation) == (Verdict.OK, "sign in")


async def test_bad_sign_in(subject: Subject) -> None:
    """`check` says that the sign-in failed and what to do, and nothing more."""
    async with subject.connect(subject.bad_credentials) as system:
        found = await system.check(subject.needs())
    assert [(each.verdict, each.operation) for each in found] == [(Verdict.MISSING, "sign in")]
    assert found[0].fix and found[0].who


async def test_bad_sign_in_stops_the_flow(subject: Subject) -> None:
    """An operator has to act; asking again and again would lock the account."""
    async with subject.connect(subject.bad_credentials) as system:
        for _ in range(3):
            with pytest.raises(AuthenticationError):
                await ask(subject, system)
    if subject.foreign is None:
        assert subject.requests("token") <= 1


@pytest.mark.inside
async def test_disabled_account(subject: Subject) -> None:
    """An account that was switched off is a matter for the administrator, too."""
    subject.disable_client()
    async with subject.connect() as system:
        with pytest.raises(AuthenticationError):
            await ask(subject, system)


@pytest.mark.inside
async def test_expired_sign_in(subject: Subject) -> None:
    """A token that ended between two requests is renewed once, and the request is repeated."""
    async with subject.connect() as system:
        await ask(subject, system)
        before = subject.requests("token")
        subject.expire_tokens()
        await ask(subject, system)
    assert subject.requests("token") == before + 1


@pytest.mark.inside
async def test_role_less_sign_in(subject: Subject) -> None:
    """Signed in, but allowed nothing: `check` names what has to be granted, and by whom."""
    words = subject.take_roles()
    found = await findings(subject)
    assert found[0].verdict is Verdict.OK
    assert [word for word in words if not any(word in str(each) for each in missing(found))] == []


@pytest.mark.inside
async def test_role_less_use(subject: Subject) -> None:
    """Signed in, but allowed nothing: using it stops with the name of the grant, never with an empty answer."""
    words = subject.take_roles()
    async with subject.connect() as system:
        with pytest.raises(ConfigurationError) as caught:
            await ask(subject, system)
    assert any(word in str(caught.value) for word in words)
