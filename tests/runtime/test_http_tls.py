"""TLS: whom we trust, and that nothing around us changes it."""

import asyncio
import datetime as dt
import ipaddress
import os
import socket
import ssl
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import loopback
from loopback import Conversation, Server
from stepward.engine import effects
from stepward.runtime import egress, http
from stepward.runtime.wire import tls
from stepward.runtime.wire.failures import Sent
from stepward.runtime.wire.resolver import Resolver
from stepward.values.errors import WorkflowError

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Authority:
    """A certificate authority of a test."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)


def authority() -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    return Authority(key, certify("Test Authority", key, [], None))


def certify(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    hosts: list[x509.GeneralName],
    issuer: Authority | None,
    valid_days: int = 1,
) -> x509.Certificate:
    """Return a certificate for *key*, signed by *issuer* or by itself."""
    now = dt.datetime.now(dt.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=2))
        .not_valid_after(now + dt.timedelta(days=valid_days))
        .add_extension(x509.BasicConstraints(ca=not hosts, path_length=None), critical=True)
    )
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
    return builder.sign(issuer.key if issuer else key, hashes.SHA256())


HOSTS: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]


def serving(
    folder: Path, issuer: Authority | None, hosts: list[x509.GeneralName] = HOSTS, valid_days: int = 1
) -> tuple[ssl.SSLContext, bytes]:
    """Return a server's context with a fresh certificate, and that certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = certify("Test Server", key, hosts, issuer, valid_days)
    chain = folder / "server.pem"
    chain.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return context, certificate.public_bytes(serialization.Encoding.DER)


def get(url: str, ca_certificate: bytes | None = None, timeout: float = 20.0) -> effects.HttpRequest:
    return effects.HttpRequest("GET", url, ca_certificate=ca_certificate, timeout_seconds=timeout)


async def failure(client: http.Client, request: effects.HttpRequest) -> WorkflowError:
    with pytest.raises(WorkflowError) as caught:
        await client.perform(request, policy=egress.LOCAL)
    return caught.value


async def test_a_certificate_of_the_given_authority_is_trusted(client: http.Client, tmp_path: Path) -> None:
    issuer = authority()
    context, _ = serving(tmp_path, issuer)
    async with Server(loopback.always(loopback.answer(b"ok")), context) as server:
        for host in ("127.0.0.1", "localhost", "127.0.0.1"):
            answer = await client.perform(get(server.url(host=host), issuer.der), policy=egress.LOCAL)
            assert answer["body"] == "ok"
        assert server.connections == 2


async def test_a_dot_at_the_end_of_a_name_is_for_the_name_server_only(tmp_path: Path) -> None:
    asked: list[str] = []

    def lookup(host: str, port: int) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    issuer = authority()
    context, _ = serving(tmp_path, issuer)
    client = http.Client(resolver=Resolver(lookup))
    async with Server(loopback.always(loopback.answer(b"ok")), context) as server:
        answer = await client.perform(get(server.url(host="localhost."), issuer.der), policy=egress.LOCAL)
        assert answer["body"] == "ok"
    assert asked == ["localhost."]
    await client.close()


async def test_a_self_signed_certificate_is_trusted_when_it_is_given(
    client: http.Client, tmp_path: Path
) -> None:
    context, certificate = serving(tmp_path, None)
    async with Server(loopback.always(loopback.answer(b"ok")), context) as server:
        answer = await client.perform(get(server.url(), certificate), policy=egress.LOCAL)
        assert answer["body"] == "ok"


@pytest.mark.parametrize("case", ["nobody's", "another authority's", "wrong name", "expired"])
async def test_any_other_certificate_never_gets_a_request(
    client: http.Client, tmp_path: Path, case: str
) -> None:
    issuer = authority()
    trusted: bytes | None = issuer.der
    hosts, valid_days, why = HOSTS, 1, "unable to get local issuer certificate"
    match case:
        case "nobody's":
            trusted = None
        case "another authority's":
            trusted, why = authority().der, ""
        case "wrong name":
            hosts, why = [x509.DNSName("other.test")], "IP address mismatch"
        case _:
            valid_days, why = -1, "certificate has expired"
    context, _ = serving(tmp_path, issuer, hosts, valid_days)
    async with Server(loopback.always(loopback.answer(b"never")), context) as server:
        problem = await failure(client, get(server.url("/?key=secret"), trusted))
        assert problem.value["tags"] == ["ConnectionFailedError", "ConnectionError"]
        assert "the certificate cannot be trusted" in problem.value["message"]
        assert why in problem.value["message"]
        assert "secret" not in problem.value["message"]
        assert http.sent_of(problem) is Sent.NO
        assert server.requests == []


async def test_connections_are_not_shared_between_those_who_trust_different_certificates(
    client: http.Client, tmp_path: Path
) -> None:
    issuer = authority()
    context, _ = serving(tmp_path, issuer)
    async with Server(loopback.always(loopback.answer(b"ok")), context) as server:
        await client.perform(get(server.url(), issuer.der), policy=egress.LOCAL)
        await failure(client, get(server.url()))
        await failure(client, get(server.url(), authority().der))
        assert len(server.requests) == 1


@pytest.mark.parametrize("certificate", [b"", b"no certificate", b"\x30\x03\x02\x01\x00", b"\x30" * 1000])
async def test_what_is_no_certificate_is_a_value_error(client: http.Client, certificate: bytes) -> None:
    async with Server(loopback.then_silence(b"")) as server:
        problem = await failure(client, get(f"https://127.0.0.1:{server.port}/", certificate))
        assert problem.value["tags"] == ["ValueError"]
        assert http.sent_of(problem) is Sent.NO


async def test_a_server_without_tls_never_gets_a_request(client: http.Client) -> None:
    async def speaks_plainly(conversation: Conversation) -> None:
        conversation.server.requests.append(loopback.Seen("", [], await conversation.reader.read(10_000)))
        await conversation.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    async with Server(speaks_plainly) as server:
        problem = await failure(client, get(f"https://127.0.0.1:{server.port}/?key=secret"))
        assert problem.value["tags"] == ["ConnectionFailedError", "ConnectionError"]
        assert "TLS failed" in problem.value["message"]
        assert b"secret" not in server.requests[0].body


async def test_a_server_that_closes_in_the_handshake_never_got_a_request(client: http.Client) -> None:
    async def closes(conversation: Conversation) -> None:
        await conversation.reader.read(10)

    async with Server(closes) as server:
        problem = await failure(client, get(f"https://127.0.0.1:{server.port}/"))
        assert problem.value["tags"] == ["ConnectionFailedError", "ConnectionError"]
        assert http.sent_of(problem) is Sent.NO


async def test_a_server_that_stalls_the_handshake_is_a_timeout_and_leaves_nothing(
    client: http.Client,
) -> None:
    async def stalls(conversation: Conversation) -> None:
        await conversation.gone()

    async with Server(stalls) as server:
        problem = await failure(client, get(f"https://127.0.0.1:{server.port}/", timeout=0.1))
        assert problem.value["message"] == "request timed out"
        assert http.sent_of(problem) is Sent.NO
        await asyncio.wait_for(server.left.wait(), 5)


async def test_a_body_cut_off_is_noticed_over_tls(client: http.Client, tmp_path: Path) -> None:
    issuer = authority()
    context, _ = serving(tmp_path, issuer)
    cut = loopback.once(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
    async with Server(cut, context) as server:
        problem = await failure(client, get(server.url(), issuer.der))
        assert problem.value["tags"] == ["ConnectionError"]
        assert (server.connections, len(server.requests)) == (1, 1)


def test_old_protocols_are_refused_and_nothing_is_switched_off() -> None:
    for context in (tls.standard(), tls.trusting(authority().der)):
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        assert context.keylog_filename is None
    assert tls.standard() is tls.standard()


CALL = """
import asyncio, sys
from stepward.engine import effects
from stepward.runtime import egress, http

async def main():
    client = http.Client()
    certificate = bytes.fromhex(sys.argv[2]) or None
    try:
        request = effects.HttpRequest("GET", sys.argv[1], ca_certificate=certificate)
        print((await client.perform(request, policy=egress.LOCAL))["body"])
    except Exception as problem:
        print(problem.value["message"])
    await client.close()

asyncio.run(main())
"""


async def test_the_environment_neither_gets_our_keys_nor_adds_trust(tmp_path: Path) -> None:
    issuer = authority()
    context, _ = serving(tmp_path, issuer)
    bundle, keys = tmp_path / "authority.pem", tmp_path / "keys.log"
    bundle.write_bytes(issuer.certificate.public_bytes(serialization.Encoding.PEM))
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(REPOSITORY / "operator"),
        "SSLKEYLOGFILE": str(keys),
        "SSL_CERT_FILE": str(bundle),
        "SSL_CERT_DIR": str(tmp_path),
        "REQUESTS_CA_BUNDLE": str(bundle),
    }
    async with Server(loopback.always(loopback.answer(b"ok")), context) as server:
        for given, expected in (("", "cannot be trusted"), (issuer.der.hex(), "ok")):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", CALL, server.url(), given, env=environment, stdout=subprocess.PIPE
            )
            output, _ = await process.communicate()
            assert expected in output.decode()
    assert not keys.exists()
