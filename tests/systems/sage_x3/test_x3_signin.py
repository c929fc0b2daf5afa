"""The four ways of signing in, and what X3 says when it does not want us."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from ml_connector import clock
from ml_connector.clock import ManualClock
from ml_connector.errors import AuthenticationError, ConfigurationError
from ml_connector.records import Entity
from ml_connector.systems.base import Need, Verdict
from ml_connector.systems.sage_x3 import CONNECTOR
from ml_connector.systems.sage_x3.settings import SignedJwt
from ml_connector.systems.sage_x3.signin import SignedToken
from ml_connector_simulators.sage_x3 import SageX3Simulator
from systems.sage_x3.x3_folder import opening
from systems.simulated import read

MODES = ("oauth2_client_credentials", "oauth2_authorization_code", "signed_jwt", "basic")
ACCOUNTS = [Need(Entity.GL_ACCOUNTS, False)]


@pytest.fixture(autouse=True)
def same_time(folder: SageX3Simulator) -> Iterator[ManualClock]:
    """Our clock shows the simulator's time."""
    folder.clock.freeze()
    with clock.use(ManualClock(folder.clock.now())) as manual:
        yield manual


def given(folder: SageX3Simulator, mode: str, **replaced: str) -> dict[str, str]:
    return {name: str(value) for name, value in folder.credentials(mode).items() if name != "auth_mode"} | replaced


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("unauthorized", ["json", "redirect"])
async def test_every_mode_reads(folder: SageX3Simulator, mode: str, unauthorized: Any) -> None:
    folder.set_switches(unauthorized=unauthorized, reuse_ends_pair=True)
    async with CONNECTOR.open(opening(folder, given(folder, mode), mode)) as system:
        assert (await read(system, Entity.GL_ACCOUNTS)).keys
        folder.grant({"tokens": "revoke"})
        assert (await read(system, Entity.GL_ACCOUNTS)).keys
        assert (await system.check(ACCOUNTS))[0].verdict is Verdict.OK


@pytest.mark.parametrize("unauthorized", ["json", "redirect"])
async def test_a_wrong_password_is_sent_once(folder: SageX3Simulator, unauthorized: Any) -> None:
    folder.set_switches(unauthorized=unauthorized)
    wrong = given(folder, "basic", password="wrong")
    async with CONNECTOR.open(opening(folder, wrong, "basic")) as system:
        with pytest.raises(AuthenticationError, match="Check the password"):
            await read(system, Entity.GL_ACCOUNTS)
    assert folder.journal.counts().by_kind == {"read": 1}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"client_id": "nobody"}, "issuer is not known"),
        ({"user": "nobody"}, "allowed users of the connected app"),
        ({"audience": "http://x3.example:8124/Path"}, "byte for byte"),
        ({"client_secret": "wrong"}, "check client_secret, the clocks"),
    ],
)
async def test_a_signed_token_that_is_refused_says_why(
    folder: SageX3Simulator, wrong: dict[str, str], said: str
) -> None:
    async with CONNECTOR.open(opening(folder, given(folder, "signed_jwt", **wrong), "signed_jwt")) as system:
        found = await system.check(ACCOUNTS)
    assert [each.verdict for each in found] == [Verdict.MISSING]
    assert said in found[0].fix
    assert folder.journal.counts().by_kind == {"read": 2}, "renewed and repeated once, then stopped"


async def test_a_checker_whose_clock_is_behind_takes_our_token(folder: SageX3Simulator) -> None:
    folder.set_switches(jwt_clock_behind_s=25)
    async with CONNECTOR.open(opening(folder, given(folder, "signed_jwt"), "signed_jwt")) as system:
        assert (await read(system, Entity.GL_ACCOUNTS)).keys


async def test_what_is_signed_and_how() -> None:
    audience = "http://x3.example:8124/Päth/%2f?a=b"
    with clock.use(ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))) as manual:
        broker = SignedToken(SignedJwt(client_id="app", client_secret="shh", user="MLC", audience=audience), 300)
        first = (await broker.headers())["Authorization"].removeprefix("Bearer ")
        manual.advance(211)
        assert (await broker.headers())["Authorization"] != f"Bearer {first}"
    head, claims, signature = first.split(".")
    moment = int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp())
    assert opened(head) == {"alg": "HS256", "typ": "JWT"}
    assert opened(claims) == {"iss": "app", "sub": "MLC", "aud": audience, "iat": moment - 30, "exp": moment + 270}
    good = hmac.new(b"shh", f"{head}.{claims}".encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64encode(good).rstrip(b"=").decode() == signature


def opened(part: str) -> Any:
    return msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


async def test_an_approval_that_ended_asks_to_sign_in_again(folder: SageX3Simulator) -> None:
    mode = "oauth2_authorization_code"
    async with CONNECTOR.open(opening(folder, given(folder, mode), mode)) as system:
        await read(system, Entity.GL_ACCOUNTS)
        folder.grant({"refresh_tokens": "revoke"})
        folder.grant({"tokens": "revoke"})
        with pytest.raises(AuthenticationError, match="sign in and connect again"):
            await read(system, Entity.GL_ACCOUNTS)


async def test_client_credentials_begin_anew_where_the_refresh_token_ended(folder: SageX3Simulator) -> None:
    async with CONNECTOR.open(opening(folder)) as system:
        await read(system, Entity.GL_ACCOUNTS)
        folder.grant({"refresh_tokens": "revoke"})
        folder.grant({"tokens": "revoke"})
        assert (await read(system, Entity.GL_ACCOUNTS)).keys
    assert folder.tokens.counts.issued == {"client_credentials": 2}


async def test_renewed_at_240_of_300_seconds(folder: SageX3Simulator, same_time: ManualClock) -> None:
    async with CONNECTOR.open(opening(folder)) as system:
        for seconds, issued in ((0, 1), (239, 1), (2, 2)):
            folder.clock.advance(seconds)
            same_time.advance(seconds)
            await read(system, Entity.GL_ACCOUNTS)
            assert sum(folder.tokens.counts.issued.values()) == issued


async def test_graphql_is_refused_for_now(folder: SageX3Simulator) -> None:
    with pytest.raises(msgspec.ValidationError, match="graphql is not offered yet; use api1"):
        opening(folder, read_transport="graphql")


async def test_the_address_has_to_be_given(folder: SageX3Simulator) -> None:
    with pytest.raises(ConfigurationError, match="server and port"):
        async with CONNECTOR.open(replace(opening(folder), base_url="")):
            pass
