"""What becomes of requests to callback endpoints, whoever carries them."""

import itertools

import pytest

from stepward.runtime.endpoints import Endpoints, Request
from stepward.values import limits
from stepward.values.errors import WorkflowError

JSON = [("content-type", "application/json")]


@pytest.fixture
def endpoints() -> Endpoints:
    numbers = itertools.count(1)
    return Endpoints(lambda: f"http://a.test/{next(numbers)}")


def post(url: str, body: bytes = b"", *, headers: object = (), method: str = "POST") -> Request:
    return Request(method, url, list(headers), body, 0.0)  # type: ignore[call-overload]


def test_a_request_goes_to_whoever_waits_longest(endpoints: Endpoints) -> None:
    url = endpoints.open("x", 1, "POST")["url"]
    assert endpoints.wait("x", 2, url) is None
    assert endpoints.wait("x", 3, url) is None
    assert endpoints.receive(post(url)).waiter == ("x", 2)
    assert endpoints.receive(post(url)).waiter == ("x", 3)
    assert endpoints.receive(post(url)).waiter is None


def test_one_request_is_kept_and_the_next_is_refused(endpoints: Endpoints) -> None:
    url = endpoints.open("x", 1, "POST")["url"]
    assert endpoints.receive(post(url, b'{"n": 1}', headers=JSON)).status == 200
    assert endpoints.receive(post(url, b'{"n": 2}', headers=JSON)).status == 429
    kept = endpoints.wait("x", 2, url)
    assert kept is not None
    assert kept["http_request"]["body"] == {"n": 1}
    assert endpoints.receive(post(url)).status == 200


def test_a_request_is_shown_as_the_language_says(endpoints: Endpoints) -> None:
    url = endpoints.open("x", 1, "PUT")["url"]
    request = Request("PUT", f"{url}?a=1&b=%C3%BC&c=", [("x-name", "n"), *JSON], b"[1]", 1.5)
    assert endpoints.wait("x", 2, url) is None
    assert endpoints.receive(request).value == {
        "type": "HTTP",
        "received_time": "1970-01-01T00:00:01.500000Z",
        "http_request": {
            "method": "PUT",
            "url": "/1",
            "headers": {"X-Name": "n", "Content-Type": "application/json"},
            "query": {"a": "1", "b": "ü", "c": ""},
            "body": [1],
        },
    }


def test_another_method_wakes_nobody(endpoints: Endpoints) -> None:
    url = endpoints.open("x", 1, "GET")["url"]
    assert endpoints.wait("x", 2, url) is None
    refused = endpoints.receive(post(url))
    assert (refused.status, refused.allowed, refused.waiter) == (405, "GET", None)
    assert endpoints.receive(post(url, method="GET")).waiter == ("x", 2)


def test_an_unknown_endpoint_is_not_found(endpoints: Endpoints) -> None:
    assert endpoints.receive(post("http://a.test/9")).status == 404
    assert not endpoints.holds("http://a.test/9")


def test_a_body_that_no_variable_may_hold_is_refused_and_harms_nobody(endpoints: Endpoints) -> None:
    url = endpoints.open("x", 1, "POST")["url"]
    assert endpoints.receive(post(url, b"x" * limits.VARIABLES_BYTES)).status == 413
    deep = b"[" * 300 + b"]" * 300
    assert endpoints.receive(post(url, deep, headers=JSON)).status in {200, 413}
    assert endpoints.receive(post(url)).status in {200, 429}


def test_the_same_effect_gets_the_same_endpoint(endpoints: Endpoints) -> None:
    assert endpoints.open("x", 1, "POST") == endpoints.open("x", 1, "POST")
    assert endpoints.open("x", 2, "POST") != endpoints.open("y", 1, "POST")


def test_only_the_execution_that_opened_it_may_wait(endpoints: Endpoints) -> None:
    url = endpoints.open("x", 1, "POST")["url"]
    with pytest.raises(WorkflowError) as caught:
        endpoints.wait("y", 1, url)
    assert "ValueError" in caught.value.value["tags"]


def test_a_wait_that_is_over_takes_no_request(endpoints: Endpoints) -> None:
    url = endpoints.open("x", 1, "POST")["url"]
    assert endpoints.wait("x", 2, url) is None
    endpoints.leave("x", 2, url)
    assert endpoints.receive(post(url)).waiter is None
    assert endpoints.wait("x", 3, url) is not None


def test_the_endpoints_of_an_execution_end_with_it(endpoints: Endpoints) -> None:
    mine, other = (endpoints.open(owner, 1, "POST")["url"] for owner in "xy")
    endpoints.close("x")
    assert endpoints.receive(post(mine)).status == 404
    assert endpoints.receive(post(other)).status == 200
