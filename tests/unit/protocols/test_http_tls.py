"""Certificates: unknown authorities are refused, those named in the settings are trusted; and the proxy is used."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ml_connector.errors import UnreachableError
from ml_connector.protocols.http import Http, HttpSettings, Repeat, Request
from scripted_server import Reply, ScriptedServer


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that signed itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "server.pem"
    path.write_bytes(built.public_bytes(serialization.Encoding.PEM) + private)
    return path


async def started(certificate: Path) -> TestServer:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({})

    application = web.Application()
    application.router.add_get("/x", answer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = TestServer(application, scheme="https")
    await server.start_server(ssl=context)
    return server


async def test_an_authority_is_trusted_only_when_it_is_named(certificate: Path) -> None:
    server = await started(certificate)
    url = f"https://127.0.0.1:{server.port}"
    trusting = [{"ca_file": str(certificate)}, {"verify_tls": False}]
    try:
        for options in trusting:
            async with Http(HttpSettings(allowed_origins=(url,), **options)) as http:  # type: ignore[arg-type]
                assert (await http.send(Request("GET", f"{url}/x"))).status == 200
        async with Http(HttpSettings(allowed_origins=(url,))) as http:
            with pytest.raises(UnreachableError, match="not trusted"):
                await http.send(Request("GET", f"{url}/x", repeat=Repeat.NEVER))
    finally:
        await server.close()


async def test_everything_goes_through_the_proxy(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    server.script(Reply(body={}))
    settings = HttpSettings(allowed_origins=("http://far.invalid",), proxy=server.url(""))
    async with Http(settings) as http:
        await http.send(Request("GET", "http://far.invalid/x"))
    assert server.seen[0].headers["Host"] == "far.invalid"


async def test_a_proxy_that_refuses_leaves_the_request_unsent(server: ScriptedServer) -> None:
    server.script(Reply(403))
    settings = HttpSettings(allowed_origins=("https://far.invalid",), proxy=server.url("").replace("//", "//u:hidden@"))
    async with Http(settings) as http:
        with pytest.raises(UnreachableError) as caught:
            await http.send(Request("POST", "https://far.invalid/x", repeat=Repeat.NEVER))
    assert "hidden" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_the_environments_proxy_is_not_used(
    server: ScriptedServer, http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    server.script(Reply(body={}))
    assert (await http.send(Request("GET", server.url()))).status == 200
