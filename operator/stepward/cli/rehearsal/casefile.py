"""Reads files of test cases. docs/testing-workflows.md describes them.

workflow: order.yaml                   # beside this file
mocks: [...]                           # for all cases, behind each case's own
cases:
  - name: charges the customer
    argument: {id: 7}
    mocks: [...]
    expect: {result: {paid: true}}     # or error: {tags: [HttpError], message: 'code 503'}
    calls: [POST https://pay.test/charges]
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from stepward.cli.inputs import BUILT_IN_VARIABLES
from stepward.cli.rehearsal.mockfile import MockReader
from stepward.cli.rehearsal.mocks import Setting
from stepward.cli.rehearsal.patterns import Pattern
from stepward.cli.rehearsal.reader import Reader, compose
from stepward.language import diagnostics, yamltree
from stepward.language.source import Source, Span

_CODE: Final = "invalid-test"
_FILE_KEYS: Final = ("workflow", "workflows", "env", "mocks", "now", "cases")
_CASE_KEYS: Final = ("name", "argument", "env", "mocks", "callbacks", "now", "expect", "calls")
_EXPECT_KEYS: Final = ("result", "error")
_ERROR_KEYS: Final = ("tags", "message", "code", "payload")
KEYS: Final = (*_FILE_KEYS, *_CASE_KEYS, *_EXPECT_KEYS, *_ERROR_KEYS)
"""Every key that a file of cases may have, for its documentation."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an execution must end with; `span` is where the file says so."""

    span: Span
    result: tuple[Any, ...] = ()
    """The result, if it matters which."""
    fails: bool = False
    tags: Sequence[str] = ()
    message: re.Pattern[str] | None = None
    payload: tuple[Any, ...] = ()
    """The error as `except` would bind it, if all of it matters."""
    code: int | None = None
    """The status of an HttpError."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case: what the execution is given, what it meets, what must come of it."""

    name: str
    span: Span
    setting: Setting
    wanted: Wanted
    argument: tuple[Any, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    calls: Sequence[tuple[Span, Pattern]] | None = None
    """Every call in its order; None: they do not matter."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The path of a source, as written, relative to the file of cases."""

    span: Span
    path: str


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A file of cases."""

    source: Source
    workflow: Reference
    workflows: Mapping[str, Reference]
    cases: Sequence[Case]


def read(source: Source) -> tuple[CaseFile | None, diagnostics.Report]:
    """Return what a file of cases says, and what is wrong with it; None if anything is."""
    report = diagnostics.Report()
    root = compose(source, report)
    if root is None:
        return None, report
    read_file = _CaseReader(source, report).file(root)
    return (None if report.has_errors else read_file), report


class _CaseReader(Reader):
    """Reads one file."""

    def __init__(self, source: Source, report: diagnostics.Report) -> None:
        super().__init__(source, report, _CODE)
        self._mocks = MockReader(source, report)
        self._names: set[str] = set()

    def file(self, root: yamltree.Node) -> CaseFile:
        """Return what the file says."""
        fields = self.fields(root, _FILE_KEYS, "a file of test cases")
        for key in ("workflow", "cases"):
            if key not in fields and isinstance(root, yamltree.MapNode):
                self.wrong(Span(root.span.start, root.span.start + 1), f"the key '{key}' is missing")
        common = Setting(self._mocks.mocks(fields.get("mocks")), now=self.moment(fields.get("now"), "'now'"))
        variables = self._variables(fields.get("env"))
        nodes = self.items(fields.get("cases"), "'cases'")
        if "cases" in fields and not nodes:
            self.wrong(fields["cases"].span, "'cases' must hold at least one case")
        return CaseFile(
            source=self.source,
            workflow=self._reference(fields.get("workflow"), "'workflow'"),
            workflows={
                key: self._reference(node, f"'{key}'")
                for key, node in self.entries(fields.get("workflows"), "'workflows'")
            },
            cases=[self._case(node, common, variables) for node in nodes],
        )

    def _reference(self, node: yamltree.Node | None, what: str) -> Reference:
        return Reference(node.span if node else Span(0, 1), self.text(node, what))

    def _variables(self, node: yamltree.Node | None) -> dict[str, str]:
        found = self.texts(node, "'env'")
        for name in found:
            if name.startswith(("GOOGLE", "WORKFLOWS")) and name not in BUILT_IN_VARIABLES and node:
                self.wrong(
                    node.span, f"'env': names that start with GOOGLE or WORKFLOWS are reserved: '{name}'"
                )
        return found

    def _case(self, node: yamltree.Node, common: Setting, variables: Mapping[str, str]) -> Case:
        fields = self.fields(node, _CASE_KEYS, "a case")
        name = self._name(node, fields.get("name"))
        own = self.moment(fields.get("now"), "'now'")
        setting = Setting(
            mocks=[*self._mocks.mocks(fields.get("mocks")), *common.mocks],
            callbacks=self._mocks.callbacks(fields.get("callbacks")),
            now=common.now if own is None else own,
        )
        return Case(
            name=name,
            span=fields["name"].span if "name" in fields else node.span,
            setting=setting,
            wanted=self._wanted(fields.get("expect"), node),
            argument=(self.value(fields["argument"]),) if "argument" in fields else (),
            variables={**variables, **self._variables(fields.get("env"))},
            calls=self._calls(fields["calls"]) if "calls" in fields else None,
        )

    def _name(self, case: yamltree.Node, node: yamltree.Node | None) -> str:
        if node is None:
            self.wrong(Span(case.span.start, case.span.start + 1), "a case must have a 'name'")
            return ""
        name = self.text(node, "'name'")
        if name in self._names:
            self.wrong(node.span, f"there is a case '{name}' already")
        self._names.add(name)
        return name

    # --- what is expected -------------------------------------------------------------------------

    def _wanted(self, node: yamltree.Node | None, case: yamltree.Node) -> Wanted:
        if node is None:
            return Wanted(case.span)
        fields = self.fields(node, _EXPECT_KEYS, "'expect'")
        if len(fields) > 1:
            self.wrong(node.span, "'expect' must have either 'result' or 'error'")
        if "error" in fields:
            return self._error(fields["error"])
        if "result" in fields:
            return Wanted(fields["result"].span, result=(self.value(fields["result"]),))
        return Wanted(node.span)

    def _error(self, node: yamltree.Node) -> Wanted:
        fields = self.fields(node, _ERROR_KEYS, "'error'")
        return Wanted(
            span=node.span,
            fails=True,
            tags=[self.text(tag, "a tag") for tag in self.items(fields.get("tags"), "'tags'")],
            message=self._pattern(fields.get("message")),
            payload=(self.value(fields["payload"]),) if "payload" in fields else (),
            code=self.whole(fields["code"], "'code'", 400, 599) if "code" in fields else None,
        )

    def _pattern(self, node: yamltree.Node | None) -> re.Pattern[str] | None:
        if node is None:
            return None
        try:
            return re.compile(self.text(node, "'message'"))
        except re.error as problem:
            self.wrong(node.span, f"'message' must be a regular expression: {problem}")
            return None

    def _calls(self, node: yamltree.Node) -> list[tuple[Span, Pattern]]:
        found = []
        for item in self.items(node, "'calls'"):
            pattern = self._call(item)
            if pattern is not None:
                found.append((item.span, pattern))
        return found

    def _call(self, node: yamltree.Node) -> Pattern | None:
        """Return one expected call: `METHOD URL`, the name of a connector, or a map with more to look at."""
        if isinstance(node, yamltree.MapNode):
            if not any(entry.key.value == "call" for entry in node.entries):
                return self._mocks.request(node)
            return self._mocks.call(self.fields(node, ("call", "args"), "a call"))
        if isinstance(node, yamltree.ScalarNode) and " " not in node.text.strip():
            return self._mocks.call({"call": node})
        return self._mocks.request(node)
