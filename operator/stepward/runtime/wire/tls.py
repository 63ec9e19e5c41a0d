"""TLS for outgoing calls: our own contexts, so that no environment variable has a say.

`ssl.create_default_context` would write keys to a file that `SSLKEYLOGFILE` names, and trust what
`SSL_CERT_FILE` names. Names and certificates are always checked; there is no switch.
"""

import functools
import os
import ssl
from pathlib import Path

from stepward.runtime.wire.failures import ExchangeError, Kind


@functools.cache
def standard() -> ssl.SSLContext:
    """Return the context that trusts what this machine trusts; one for the process."""
    context = _empty()
    paths = ssl.get_default_verify_paths()  # the openssl_ fields are compiled in, the others are not
    if _is_hashed(paths.openssl_capath):
        # Read when a certificate asks for it: loading the whole bundle takes 30 ms.
        context.load_verify_locations(capath=paths.openssl_capath)
    elif Path(paths.openssl_cafile).is_file():
        context.load_verify_locations(cafile=paths.openssl_cafile)
    else:
        import certifi  # only where the machine has no certificates of its own

        context.load_verify_locations(cafile=certifi.where())
    return context


def trusting(certificate: bytes) -> ssl.SSLContext:
    """Return a context that trusts the DER *certificate* and nothing else; ExchangeError if it is none."""
    context = _empty()
    try:
        context.load_verify_locations(cadata=certificate)
    except (ssl.SSLError, ValueError):
        raise ExchangeError(
            Kind.CERTIFICATE, "argument 'ca_certificate' is not a certificate in DER form"
        ) from None
    # The certificate may be the server's own, or stand below a root that was not given.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _empty() -> ssl.SSLContext:
    """Return a context that trusts nobody yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def _is_hashed(folder: str) -> bool:
    """Return whether *folder* holds certificates under the names that OpenSSL looks for."""
    try:
        with os.scandir(folder) as entries:
            return any(entry.name.endswith(".0") for entry in entries)
    except OSError:
        return False
