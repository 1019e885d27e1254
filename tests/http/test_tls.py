"""TLS: whoever cannot prove to be the shop gets no byte of a request."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

import anyio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from clawver_orders.errors import NetworkError
from clawver_orders.http import Http

if TYPE_CHECKING:
    from pathlib import Path

    from tests.http.conftest import Connection, Script, Serve

pytestmark = pytest.mark.anyio


class Certificate:
    """A self-signed certificate for an address, and both ends' view of it."""

    def __init__(self, folder: Path, *, address: str = "127.0.0.1", days_left: int = 1) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop.example")])
        until = datetime.now(UTC) + timedelta(days=days_left)
        built = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(until - timedelta(days=30))
            .not_valid_after(until)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        self.file = folder / "certificate.pem"
        self.file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + built.public_bytes(serialization.Encoding.PEM)
        )

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file)
        return context

    def believing_client(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.file))


async def keep_answering(connection: Connection) -> None:
    while await connection.request():
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


async def refused_by(http: Http, seen: str) -> None:
    sent = await http.write("POST", "/x", json={}, may_start=lambda: True)
    assert (sent.kind, sent.seen) == ("not_sent", seen)
    with pytest.raises(NetworkError, match=seen):
        await http.read("/x")
    await http.aclose()


async def test_a_believed_certificate_is_spoken_to(serve: Serve, tmp_path: Path) -> None:
    certificate = Certificate(tmp_path)
    async with serve(keep_answering, tls=certificate.server()) as shop:
        http = Http(shop.url, ssl_context=certificate.believing_client())
        assert (await http.read("/x")).status == 200
        assert (await http.write("POST", "/x", json={}, may_start=lambda: True)).kind == "answered"
        assert (shop.connections, len(shop.requests)) == (2, 2)
        await http.aclose()


async def test_a_self_signed_certificate_is_refused_before_a_byte_is_sent(serve: Serve, tmp_path: Path) -> None:
    """hostile 39: with the certificates that the system believes"""
    async with serve(keep_answering, tls=Certificate(tmp_path).server()) as shop:
        await refused_by(Http(shop.url, random=lambda: 0.0), "TLS certificate refused")
        assert shop.received == b""


async def test_certificates_named_by_the_environment_are_not_believed(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """hostile 39, 60"""
    certificate = Certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    async with serve(keep_answering, tls=certificate.server()) as shop:
        await refused_by(Http(shop.url, random=lambda: 0.0), "TLS certificate refused")
        assert shop.received == b""


@pytest.mark.parametrize(("address", "days_left"), [("127.0.0.2", 1), ("127.0.0.1", -1)], ids=["host", "expired"])
async def test_a_certificate_of_another_host_or_an_expired_one_is_refused(
    serve: Serve, tmp_path: Path, address: str, days_left: int
) -> None:
    """hostile 39"""
    certificate = Certificate(tmp_path, address=address, days_left=days_left)
    async with serve(keep_answering, tls=certificate.server()) as shop:
        http = Http(shop.url, ssl_context=certificate.believing_client(), random=lambda: 0.0)
        await refused_by(http, "TLS certificate refused")
        assert shop.received == b""


async def test_an_old_version_of_tls_is_refused(serve: Serve, tmp_path: Path) -> None:
    """hostile 39: downgrade"""
    certificate = Certificate(tmp_path)
    server = certificate.server()
    server.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLS"):
        server.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLS"):
        server.maximum_version = ssl.TLSVersion.TLSv1_1
    async with serve(keep_answering, tls=server) as shop:
        await refused_by(
            Http(shop.url, ssl_context=certificate.believing_client(), random=lambda: 0.0), "TLS failed"
        )
        assert shop.received == b""


async def test_a_shop_that_speaks_no_tls_is_refused(serve: Serve) -> None:
    """hostile 39"""

    async def plain(connection: Connection) -> None:
        await connection.stream.receive()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    async with serve(plain) as shop:
        await refused_by(Http(shop.url.replace("http:", "https:"), random=lambda: 0.0), "TLS failed")
        assert shop.requests == []


async def test_a_handshake_that_hangs_is_not_sent(serve: Serve) -> None:
    """hostile 63"""

    async def silent(connection: Connection) -> None:
        await anyio.sleep_forever()

    async with serve(silent) as shop:
        http = Http(shop.url.replace("http:", "https:"))
        sent = await http.write("POST", "/x", json={}, may_start=lambda: True, deadline_s=0.3)
        assert (sent.kind, sent.seen) == ("not_sent", "time-out while connecting")
        with pytest.raises(NetworkError, match="time-out"):
            await http.read("/x", deadline_s=0.3)
        await http.aclose()


async def leave(connection: Connection) -> None:
    await connection.request()


async def hang(connection: Connection) -> None:
    await connection.request()
    await anyio.sleep_forever()


@pytest.mark.parametrize(
    ("script", "seen"),
    [(leave, {"incomplete or malformed answer", "connection reset"}), (hang, {"time-out"})],
    ids=["leave", "hang"],
)
async def test_a_tls_connection_lost_after_the_request_is_unknown(
    serve: Serve, tmp_path: Path, script: Script, seen: set[str]
) -> None:
    """hostile 42, 43: without the goodbye of TLS it may end as a reset"""
    certificate = Certificate(tmp_path)
    async with serve(script, tls=certificate.server()) as shop:
        http = Http(shop.url, ssl_context=certificate.believing_client())
        sent = await http.write("POST", "/x", json={}, may_start=lambda: True, deadline_s=1.5)
        assert sent.kind == "unknown"
        assert sent.seen in seen
        assert (shop.connections, len(shop.requests)) == (1, 1)
