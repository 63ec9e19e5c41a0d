"""URLs: one reading of each, or none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepward.stdlib import http_url
from stepward.stdlib.http_url import Url, UrlError
from stepward.values import limits


@pytest.mark.parametrize(
    "text, url, authority",
    [
        ("http://a.test", Url("http", "a.test", 80, "/"), "a.test"),
        ("HTTPS://A.Test:443/B", Url("https", "a.test", 443, "/B"), "a.test"),
        ("http://a.test:8080/?", Url("http", "a.test", 8080, "/", ""), "a.test:8080"),
        ("https://a.test:80?x=1?y", Url("https", "a.test", 80, "/", "x=1?y"), "a.test:80"),
        ("http://a.test/x#y?z", Url("http", "a.test", 80, "/x"), "a.test"),
        ("http://127.0.0.1/", Url("http", "127.0.0.1", 80, "/"), "127.0.0.1"),
        ("http://[::1]:8080/", Url("http", "::1", 8080, "/"), "[::1]:8080"),
        ("http://[0:0::1]/", Url("http", "::1", 80, "/"), "[::1]"),
        ("http://a_b.c-d.svc.test./", Url("http", "a_b.c-d.svc.test.", 80, "/"), "a_b.c-d.svc.test."),
        ("http://xn--bcher-kva.test/", Url("http", "xn--bcher-kva.test", 80, "/"), "xn--bcher-kva.test"),
        ("http://1.2.3.4.test/", Url("http", "1.2.3.4.test", 80, "/"), "1.2.3.4.test"),
        ("http://a.test/%2e%2e/%2F/../x;p", Url("http", "a.test", 80, "/%2e%2e/%2F/../x;p"), "a.test"),
        ("http://a.test/?q=[1]|{2}", Url("http", "a.test", 80, "/", "q=[1]%7C%7B2%7D"), "a.test"),
        ("http://a.test/ü x\\y", Url("http", "a.test", 80, "/%C3%BC%20x%5Cy"), "a.test"),
        ("http://a.test/@b:c", Url("http", "a.test", 80, "/@b:c"), "a.test"),
    ],
)  # fmt: skip
def test_what_is_a_url(text: str, url: Url, authority: str) -> None:
    assert http_url.parse(text) == url
    assert url.authority == authority


@pytest.mark.parametrize(
    "text, why",
    [
        ("", "must start with"),
        ("a.test/", "must start with"),
        ("/path", "must start with"),
        ("ftp://a.test/", "must start with"),
        ("file:///etc/passwd", "must start with"),
        ("http:/a.test/", "must start with"),
        (" http://a.test/", "must start with"),
        ("unix://http://a.test", "must start with"),
        ("http://", "no host"),
        ("http:///path", "no host"),
        ("https:////k.googleapis.com/", "no host"),
        ("http://?x", "no host"),
        ("http://:80/", "no host"),
        ("http://user@a.test/", "user name"),
        ("http://user:password@a.test/", "user name"),
        ("http://a.test@b.test/", "user name"),
        ("http://@a.test/", "user name"),
        ("http://a.test:/", "not a number"),
        ("http://a.test:x/", "not a number"),
        ("http://a.test:80:80/", "not a number"),
        ("http://a.test:-1/", "not a number"),
        ("http://a.test:\uff18\uff10/", "not a number"),
        ("http://a.test:0/", "outside"),
        ("http://a.test:65536/", "outside"),
        ("http://a.test:100000/", "not a number"),
        ("http://[::1/", "closing bracket"),
        ("http://[::1]x/", "closing bracket"),
        ("http://[fe80::1%25eth0]/", "IPv6"),
        ("http://[1.2.3.4]/", "IPv6"),
        ("http://[]/", "IPv6"),
        ("http://a..test/", "invalid host"),
        ("http://.a.test/", "invalid host"),
        ("http://./", "invalid host"),
        ("http://a test/", "invalid host"),
        ("http://a%2etest/", "invalid host"),
        ("http://a.test\\b/", "invalid host"),
        ("http://a,b/", "invalid host"),
        ("http://::1/", "no host"),
        ("http://bücher.test/", "not ASCII"),
        ("http://①②⑦.⓪.⓪.①/", "not ASCII"),
        ("http://127.1/", "four decimal numbers"),
        ("http://2130706433/", "four decimal numbers"),
        ("http://0x7f000001/", "four decimal numbers"),
        ("http://0177.0.0.1/", "four decimal numbers"),
        ("http://127.0.0.01/", "four decimal numbers"),
        ("http://127.0.0.256/", "four decimal numbers"),
        ("http://127.0.0.0x1/", "four decimal numbers"),
        ("http://1.2.3.4.5/", "four decimal numbers"),
        ("http://127.0.0.1./", "four decimal numbers"),
        ("http://a.test.0/", "four decimal numbers"),
        ("http://a.test/\n", "control character U+000A"),
        ("http://a.te\tst/", "control character U+0009"),
        ("http://a.test/\0", "control character U+0000"),
        ("http://a.test/\x7f", "control character U+007F"),
        ("http://a.test/\ud800", "cannot be encoded"),
        (f"http://{'a' * 64}.test/", "too long"),
        (f"http://{'a.' * 127}test/", "too long"),
        ("http://a.test/" + "x" * limits.URL_CHARACTERS, "longer than"),
    ],
)
def test_what_is_none(text: str, why: str) -> None:
    with pytest.raises(UrlError, match=why.replace("+", r"\+")):
        http_url.parse(text)


def test_a_url_for_messages_has_no_query() -> None:
    assert http_url.parse("https://a.test:8443/x?key=secret").public == "https://a.test:8443/x"


@given(
    st.sampled_from(["http://", "https://", ""]),
    st.text(st.sampled_from("aA1.-_:@[]/?#%\\ü \t0x"), max_size=20),
    st.text(max_size=20),
)
def test_what_is_sent_reads_as_what_was_judged(scheme: str, authority: str, rest: str) -> None:
    """Reading the text that goes on the wire again changes nothing: there is no second opinion."""
    try:
        url = http_url.parse(scheme + authority + rest)
    except UrlError:
        return
    assert http_url.parse(str(url)) == url
    assert url.target.isascii()
    assert url.target.startswith("/")
    assert not set(url.target) & set(" \t\r\n#")
