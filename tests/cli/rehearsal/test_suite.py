"""`stepward test`: which files it takes, how it ends, and its report for machines."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from stepward.cli import exitcodes, output
from stepward.cli.rehearsal import suite

HELLO = "main: {params: [n], steps: [{done: {return: '${n}'}}]}"


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "hello.yaml", HELLO)
    return tmp_path


def run(*paths: Path, wanted: str = "", junit: Path | None = None) -> int:
    return suite.run(list(map(str, paths)), wanted=wanted, junit_file=str(junit) if junit else None)


def case(name: str, argument: object, result: object) -> str:
    return f"{{name: '{name}', argument: {argument}, expect: {{result: {result}}}}}"


def cases(*texts: str, workflow: str = "hello.yaml") -> str:
    return f"workflow: {workflow}\ncases:\n" + "".join(f"  - {text}\n" for text in texts)


def test_files_are_found_by_their_names_below_a_folder(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (
        "a_test.yaml",
        "b/c.test.yaml",
        "b/d/e_test.yaml",
        ".hidden/f_test.yaml",
        "g_test.yml",
        "h.yaml",
    ):
        workflow = "../" * name.count("/") + "hello.yaml"
        write(folder, name, cases(case(name, 1, 1), workflow=workflow))
    assert run(folder, folder / "a_test.yaml", folder / "h.yaml") == exitcodes.OK
    shown = capsys.readouterr().out
    assert [line.split()[1] for line in shown.splitlines() if "  ok  " in line] == [
        "a_test.yaml",
        "b/c.test.yaml",
        "b/d/e_test.yaml",
        "h.yaml",
    ]
    assert shown.endswith("4 files, 4 cases: 4 passed, 0 failed\n")


def test_a_folder_without_cases_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(output.CommandError, match=r"no file \*_test.yaml"):
        run(tmp_path)


@pytest.mark.parametrize(
    "files, code",
    [
        ({"a_test.yaml": cases(case("a", 1, 1))}, exitcodes.OK),
        ({"a_test.yaml": cases(case("a", 1, 2))}, exitcodes.UNSUCCESSFUL),
        ({"a_test.yaml": cases(case("a", 1, 1), workflow="wrong.yaml")}, exitcodes.INVALID),
        ({"a_test.yaml": cases(case("a", 1, 1), workflow="nowhere.yaml")}, exitcodes.USAGE),
        ({"a_test.yaml": "cases: []"}, exitcodes.USAGE),
        (
            {
                "a_test.yaml": cases(case("a", 1, 2)),
                "b_test.yaml": cases(case("b", 1, 1), workflow="wrong.yaml"),
            },
            exitcodes.INVALID,
        ),
        ({"a_test.yaml": cases(case("a", 1, 2)), "b_test.yaml": "{}"}, exitcodes.USAGE),
    ],
)
def test_the_worst_decides_how_it_ends(folder: Path, files: dict[str, str], code: int) -> None:
    write(folder, "wrong.yaml", "main: {steps: [{a: {next: nowhere}}]}")
    for name, text in files.items():
        write(folder, name, text)
    assert run(folder) == code


def test_only_cases_with_a_text_in_their_name_or_their_files(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, "a_test.yaml", cases(case("Refund twice", 1, 1), case("charge", 1, 2)))
    write(folder, "refund_test.yaml", cases(case("any", 1, 1)))
    assert run(folder, wanted="refund") == exitcodes.OK
    assert capsys.readouterr().out.endswith("2 files, 2 cases: 2 passed, 0 failed\n")
    with pytest.raises(output.CommandError, match="no case has 'else' in its name"):
        run(folder, wanted="else")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a_test.yaml").write_bytes(b"workflow: \xff")
    with pytest.raises(output.CommandError, match="must be UTF-8 text; byte 11 is not"):
        run(tmp_path)


def test_the_report_for_machines_is_xml_whatever_the_names(folder: Path) -> None:
    odd = '{name: "<a & \\"b\\">\\u0001\\u2028", argument: "<&\\u0007>", expect: {result: "]]>"}}'
    write(folder, "a_test.yaml", cases(case("fine", 1, 1), odd))
    write(folder, "b_test.yaml", "{}")
    report = folder / "report.xml"
    assert run(folder, junit=report) == exitcodes.USAGE
    root = ET.parse(report).getroot()  # noqa: S314 - we wrote it
    first, second = root.findall("testsuite")
    assert {key: first.get(key) for key in ("tests", "failures", "errors")} == {
        "tests": "2",
        "failures": "1",
        "errors": "0",
    }
    fine, wrong = first.findall("testcase")
    assert (fine.get("name"), fine.find("failure")) == ("fine", None)
    failure = wrong.find("failure")
    assert failure is not None
    assert wrong.get("name") == '<a & "b">\\u0001\\u2028'
    assert "the result differs" in str(failure.get("message"))
    assert "]]>" in str(failure.text)
    assert float(str(fine.get("time"))) >= 0
    assert second.get("errors") == "1"
    assert second.find("testcase/error") is not None


def test_mocks_are_told_of_if_no_case_uses_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, "call.yaml", "- ask: {call: http.get, args: {url: 'https://a.test/'}}")
    write(
        folder,
        "a_test.yaml",
        """
workflow: call.yaml
mocks:
  - {request: GET https://a.test/, respond: {}}
  - {request: GET https://b.test/, respond: {}}
cases:
  - name: one
    mocks: [{request: GET *, respond: {code: 201}}]
  - name: two
""",
    )
    assert run(folder) == exitcodes.OK
    told = capsys.readouterr().err
    assert told.count("warning[unused-mock]") == 1
    assert "a_test.yaml:5:5" in told


def test_every_case_begins_anew(folder: Path) -> None:
    write(
        folder,
        "time.yaml",
        """
- first: {assign: [now: "${sys.now()}", id: "${uuid.generate()}"]}
- wait: {call: sys.sleep, args: {seconds: 60}}
- ask: {call: http.get, args: {url: "https://a.test/"}, result: r}
- done: {return: ["${now}", "${r.code}", '${sys.get_env("X", "none")}', "${len(id)}"]}
""",
    )
    write(
        folder,
        "a_test.yaml",
        """
workflow: time.yaml
now: 2026-03-01T00:00:00Z
env: {X: file}
mocks:
  - {request: GET *, respond: {code: 201}, times: 1}
cases:
  - {name: one, expect: {result: [1772323200, 201, file, 36]}}
  - {name: two, env: {X: case}, now: "1970-01-01T00:00:10Z", expect: {result: [10, 201, case, 36]}}
""",
    )
    assert run(folder) == exitcodes.OK
