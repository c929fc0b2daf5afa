"""The tiny system behind a sign-in with a password, so that there is a secret to keep."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import msgspec

from tiny import CONNECTOR as OPEN


class Person(msgspec.Struct):
    """Who signs in."""

    username: Annotated[str, msgspec.Meta(description="Anybody.")]
    password: Annotated[str, msgspec.Meta(description="Anything.")]


CONNECTOR = replace(OPEN, credentials={"basic": Person})
