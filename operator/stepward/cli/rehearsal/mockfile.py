"""Reads mocks: from a file of their own, or as part of a test case. docs/testing-workflows.md describes them.

- request: GET https://api.test/users/*      # method and URL; `*` stands for any characters
  respond: {code: 200, body: {name: Ada}}    # `headers` too; JSON unless they say otherwise
- request: {method: POST, url: "https://api.test/orders", body: {id: 7}}
  fail: ConnectionError                      # or a map as `except` would bind it
  times: 2                                   # then later mocks answer
  delay: 1.5                                 # seconds of virtual time
- call: googleapis.pubsub.v1.projects.topics.publish
  args: {topic: projects/p/topics/t}
  return: {messageIds: ["1"]}
"""

import re
from typing import Any, Final
from urllib.parse import urlencode

from stepward.cli.rehearsal import patterns
from stepward.cli.rehearsal.mocks import Callback, Mock, Setting
from stepward.cli.rehearsal.patterns import ANYTHING, Pattern
from stepward.cli.rehearsal.reader import Reader, compose
from stepward.language import diagnostics, yamltree
from stepward.language.source import Source
from stepward.runtime.simulation import Answer, Arrival
from stepward.stdlib import http_media, http_response, http_url
from stepward.values import convert, errors, limits, model
from stepward.values.errors import WorkflowError

_CODE: Final = "invalid-mock"
_FILE_KEYS: Final = ("mocks", "callbacks", "now")
_MOCK_KEYS: Final = ("request", "call", "args", "respond", "fail", "return", "times", "delay")
_REQUEST_KEYS: Final = ("method", "url", "query", "headers", "body")
_RESPONSE_KEYS: Final = ("code", "headers", "body")
_CALLBACK_KEYS: Final = ("endpoint", "after", "method", "query", "headers", "body")
KEYS: Final = (*_FILE_KEYS, *_MOCK_KEYS, *_REQUEST_KEYS, *_RESPONSE_KEYS, *_CALLBACK_KEYS)
"""Every key that a file of mocks may have, for its documentation."""
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
_FAILURES: Final = (
    "AuthError", "ConnectionError", "ConnectionFailedError", "TimeoutError", "OperationError",
    "ResponseTypeError", "SystemError", "TypeError", "ValueError", "KeyError",
)  # fmt: skip
_STARRED: Final = "anystepwardtext"
"""Stands for `*` while a URL is put into the form in which it is sent; fit for a host name."""


def read(source: Source) -> tuple[Setting, diagnostics.Report]:
    """Return what a file of mocks says, and what is wrong with it."""
    report = diagnostics.Report()
    root = compose(source, report)
    reader = MockReader(source, report)
    if root is None:
        return Setting(), report
    if isinstance(root, yamltree.ListNode):
        return Setting(reader.mocks(root)), report
    fields = reader.fields(root, _FILE_KEYS, "a file of mocks")
    setting = Setting(
        reader.mocks(fields.get("mocks")),
        reader.callbacks(fields.get("callbacks")),
        reader.moment(fields.get("now"), "'now'"),
    )
    return setting, report


class MockReader(Reader):
    """Reads mocks, the patterns of calls, and requests to callbacks."""

    def __init__(self, source: Source, report: diagnostics.Report, code: str = _CODE) -> None:
        super().__init__(source, report, code)

    def mocks(self, node: yamltree.Node | None) -> list[Mock]:
        """Return the mocks that *node* lists."""
        found = (self._mock(item) for item in self.items(node, "'mocks'"))
        return [mock for mock in found if mock is not None]

    def _mock(self, node: yamltree.Node) -> Mock | None:
        fields = self.fields(node, _MOCK_KEYS, "a mock")
        if not fields:
            return None
        is_request = "request" in fields
        if is_request == ("call" in fields):
            self.wrong(node.span, "a mock must have either 'request' or 'call'")
            return None
        if is_request and "args" in fields:
            self.wrong(fields["args"].span, "'args' belong to a 'call'; a 'request' may have a 'body' inside")
        wanted = "respond" if is_request else "return"
        replies = [key for key in ("respond", "fail", "return") if key in fields]
        if len(replies) != 1 or replies[0] not in (wanted, "fail"):
            kind = "request" if is_request else "call"
            self.wrong(node.span, f"a mock of a '{kind}' must have either '{wanted}' or 'fail'")
            return None
        pattern = self.request(fields["request"]) if is_request else self.call(fields)
        value, error = self._reply(replies[0], fields[replies[0]])
        if pattern is None:
            return None
        answer = Answer(value, error, self.seconds(fields.get("delay"), "'delay'"))
        times = self.whole(fields["times"], "'times'", 1, limits.STEPS) if "times" in fields else None
        return Mock(self.source, node.span, pattern, answer, times)

    # --- patterns -----------------------------------------------------------------------------------

    def request(self, node: yamltree.Node) -> Pattern | None:
        """Return the pattern of `METHOD URL`, or of a map with more to look at."""
        if isinstance(node, yamltree.ScalarNode):
            method, _, url = node.text.strip().partition(" ")
            if not url:
                self.wrong(node.span, "a request must be `METHOD URL`, such as `GET https://api.test/*`")
                return None
            return self._request(node, method, url.strip(), {})
        fields = self.fields(node, _REQUEST_KEYS, "a request")
        method = self.text(fields["method"], "'method'") if "method" in fields else "*"
        url = self.text(fields["url"], "'url'") if "url" in fields else "*"
        return self._request(fields.get("url", node), method, url, fields)

    def _request(
        self, node: yamltree.Node, method: str, url: str, fields: dict[str, yamltree.Node]
    ) -> Pattern | None:
        method = method.upper()
        if method != "*" and method not in _METHODS:
            self.wrong(node.span, f"the method must be one of {', '.join(_METHODS)}, or `*`; got '{method}'")
            return None
        try:
            sent = as_sent(url)
        except http_url.UrlError as problem:
            self.wrong(node.span, f"no call can have this URL: it {problem}")
            return None
        return Pattern(
            text=f"{method} {url}",
            is_request=True,
            expression=patterns.compiled(f"{method} {sent}"),
            looks_at_query="?" in sent,
            query=self._query(fields.get("query")),
            headers=self.texts(fields.get("headers"), "'headers'"),
            wanted=self.value(fields["body"]) if "body" in fields else ANYTHING,
        )

    def _query(self, node: yamltree.Node | None) -> dict[str, list[str]]:
        """Return the values wanted of each parameter: one text, or a list of them."""
        found = {}
        for name, value in self.entries(node, "'query'"):
            parts = value.items if isinstance(value, yamltree.ListNode) else (value,)
            found[name] = [self.text(part, f"'{name}' of 'query'") for part in parts]
        return found

    def call(self, fields: dict[str, yamltree.Node]) -> Pattern:
        """Return the pattern of a connector's name with `args`."""
        name = self.text(fields["call"], "'call'")
        wanted = ANYTHING
        if "args" in fields:
            self.entries(fields["args"], "'args'")
            wanted = self.value(fields["args"])
        return Pattern(name, is_request=False, expression=patterns.compiled(name), wanted=wanted)

    # --- replies ------------------------------------------------------------------------------------

    def _reply(self, kind: str, node: yamltree.Node) -> tuple[Any, WorkflowError | None]:
        if kind == "return":
            return self.value(node), None
        if kind == "fail":
            return None, self._failure(node)
        fields = self.fields(node, _RESPONSE_KEYS, "'respond'")
        code = self.whole(fields["code"], "'code'", 200, 599) if "code" in fields else 200
        headers, body = self._message(fields)
        try:
            response = http_response.decode(code, list(headers.items()), body)
        except WorkflowError as failure:
            self.wrong(node.span, f"no variable can hold this answer: {failure.value['message']}")
            return None, None
        return (response, None) if code < 400 else (None, http_response.http_error(response))

    def _failure(self, node: yamltree.Node) -> WorkflowError:
        if isinstance(node, yamltree.MapNode):
            value = self.value(node)
            tags = value.get("tags", model.List()) if value else model.List()
            if not isinstance(tags, list) or any(type(tag) is not str for tag in tags):
                self.wrong(node.span, "'tags' must be a list of texts")
            return WorkflowError(value)
        name = self.text(node, "'fail'")
        if name and name not in _FAILURES:
            help_ = self.report.did_you_mean(name, _FAILURES) or f"known are: {', '.join(_FAILURES)}"
            self.wrong(node.span, f"there is no failure '{name}'", f"{help_}; or write a map with 'tags'")
        if name == "TimeoutError":
            return errors.error(name, "request timed out", prefix=False)  # as people match it
        return errors.error(name, "failed by a mock")

    def _message(self, fields: dict[str, yamltree.Node]) -> tuple[dict[str, str], bytes]:
        """Return headers and raw body of a message: JSON unless its Content-Type says otherwise."""
        headers = self.texts(fields.get("headers"), "'headers'")
        if "body" not in fields:
            return headers, b""
        body = self.value(fields["body"])
        media = next((text for name, text in headers.items() if name.lower() == "content-type"), None)
        if media is None:
            headers["Content-Type"] = "application/json"
        elif not http_media.is_json(http_media.split(media)[0]):
            if type(body) is not str:
                self.wrong(fields["body"].span, f"a body of type {media} must be text")
            return headers, str(body).encode()
        return headers, convert.encode_json(body).encode()

    # --- callbacks ----------------------------------------------------------------------------------

    def callbacks(self, node: yamltree.Node | None) -> list[Callback]:
        """Return the requests to callbacks that *node* lists."""
        return [
            Callback(self.source, item.span, self._arrival(item)) for item in self.items(node, "'callbacks'")
        ]

    def _arrival(self, node: yamltree.Node) -> Arrival:
        fields = self.fields(node, _CALLBACK_KEYS, "a callback")
        method = self.text(fields["method"], "'method'") if "method" in fields else None
        if method and method not in _METHODS:
            self.wrong(fields["method"].span, f"'method' must be one of {', '.join(_METHODS)}")
        headers, body = self._message(fields)
        query = self._query(fields.get("query"))
        return Arrival(
            endpoint=self.whole(fields["endpoint"], "'endpoint'", 1, limits.STEPS)
            if "endpoint" in fields
            else 1,
            after_seconds=self.seconds(fields.get("after"), "'after'"),
            method=method,
            query=urlencode(query, doseq=True),
            headers=tuple(headers.items()),
            body=body,
        )


def as_sent(url: str) -> str:
    """Return the pattern *url* in the form in which URLs are sent; UrlError if no URL has it."""
    starred = url.replace("*", _STARRED)
    if not re.match(r"https?://", starred, re.IGNORECASE):
        if "*" in url:
            return url  # the star may stand for the scheme
        raise http_url.UrlError("must start with http:// or https://")
    try:
        return str(http_url.parse(starred)).replace(_STARRED, "*")
    except http_url.UrlError:
        if "*" in url:
            return url  # such as a star for the port
        raise
