"""Settings that every connection has, whatever its system: how to get there through a company's network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec


class Transport(msgspec.Struct, frozen=True, kw_only=True):
    """The way to a system."""

    ca_file: Annotated[
        str,
        msgspec.Meta(
            description="PEM file of certificate authorities trusted besides those of the machine.",
            examples=["/etc/ssl/company.pem"],
        ),
    ] = ""
    proxy: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^https?://[^/@\s]+/?$",
            description="Proxy for this connection, scheme, host and port, without a password.",
            examples=["http://proxy.example.com:3128"],
        ),
    ] = ""


def with_transport(settings: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """A connector's settings and those of every connection, for checking a file."""
    added = [(field.name, field.type, field.default) for field in msgspec.structs.fields(Transport)]
    return msgspec.defstruct(settings.__name__, added, bases=(settings,), kw_only=True, forbid_unknown_fields=True)


def split(settings: Mapping[str, Any]) -> tuple[dict[str, Any], Transport]:
    """The connector's own settings, and the way there."""
    names = {field.name for field in msgspec.structs.fields(Transport)}
    own = {key: value for key, value in settings.items() if key not in names}
    return own, msgspec.convert({key: value for key, value in settings.items() if key in names}, Transport)
