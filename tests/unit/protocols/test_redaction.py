"""Nothing secret can be read, whatever form it travels in."""

from __future__ import annotations

import base64
import io
import logging
from urllib.parse import quote

import pytest

from ml_connector.protocols.redaction import (
    RedactionFilter,
    forget_secret,
    install,
    mask_while_alive,
    redact,
    register_secret,
)

SECRET = "pä$$/w0rd+&x"


@pytest.fixture(autouse=True)
def registered() -> None:
    register_secret(SECRET)


@pytest.mark.parametrize("form", [SECRET, quote(SECRET, safe=""), base64.b64encode(SECRET.encode()).decode()])
def test_a_registered_secret_is_masked_in_every_form(form: str) -> None:
    assert redact(f"a {form} b") == "a *** b"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Authorization: Bearer eyJhbGciOi.abc-_x", "Authorization: Bearer ***"),
        ("authorization: basic dXNlcjpwdw==", "authorization: basic ***"),
        ("a=1&client_secret=abc%20d&b=2", "a=1&client_secret=***&b=2"),
        ("refresh_token=xyz password=p", "refresh_token=*** password=***"),
        ('{"access_token": "ab\\"c", "n": 1}', '{"access_token": "***", "n": 1}'),
        ("http://user:word@proxy:8080/", "http://***@proxy:8080/"),
    ],
)
def test_what_looks_like_a_credential_is_masked(text: str, masked: str) -> None:
    assert redact(text) == masked


def test_a_secret_that_is_a_common_word_does_not_uncover_another() -> None:
    register_secret("secret")
    try:
        assert redact("client_secret=abc&x=1") == "client_***=***&x=1"
        assert redact(f"password={SECRET} z") == "password=*** z"
    finally:
        forget_secret("secret")


def test_a_secret_is_masked_until_all_holders_forgot_it() -> None:
    register_secret("shared-one")
    register_secret("shared-one")
    forget_secret("shared-one")
    assert redact("shared-one") == "***"
    forget_secret("shared-one")
    assert redact("shared-one") == "shared-one"


def test_a_token_is_masked_as_long_as_somebody_holds_it() -> None:
    class Holder:
        pass

    holder = Holder()
    replaced = mask_while_alive(holder, "token-1")
    mask_while_alive(holder, "token-2")
    assert redact("token-1 token-2") == "*** ***"
    replaced()
    assert redact("token-1 token-2") == "token-1 ***"
    del holder
    assert redact("token-1 token-2") == "token-1 token-2"


def test_secrets_that_overlap_leave_nothing_between_them() -> None:
    register_secret("abcdef", "defghi", "cdefg")
    assert redact("x abcdefghi y") == "x *** y"
    assert redact("abcdefabcdef") == "******"


def test_log_records_are_masked_with_arguments_traceback_and_extras() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s %(note)s"))
    logger = logging.getLogger("redaction-test")
    logger.addHandler(handler)
    install(logger)
    install(logger)
    try:
        try:
            raise ValueError(SECRET)
        except ValueError:
            logger.exception("with %s", SECRET, extra={"note": SECRET})
    finally:
        logger.removeHandler(handler)
    assert SECRET not in stream.getvalue()
    assert stream.getvalue().startswith("with *** ***\nTraceback")
    assert sum(isinstance(each, RedactionFilter) for each in handler.filters) == 1
