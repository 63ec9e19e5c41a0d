"""The command among other programs: pipes, closed streams, signals, terminals, servers."""

import contextlib
import http.server
import json
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli import process
from stepward.cli import exitcodes

HELLO = (process.SOURCES / "hello.yaml").read_bytes()


def start(*arguments: str, stdout: int = subprocess.PIPE) -> "subprocess.Popen[bytes]":
    """Start `stepward` with *arguments* and pipes, or a *stdout* of its own."""
    return subprocess.Popen(
        [*process.COMMAND, *arguments],
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.PIPE,
        cwd=process.SOURCES,
        env=process.ENVIRONMENT,
    )


def through_shell(redirection: str, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    """Run `stepward` with a *redirection* that only a shell can spell."""
    return subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", *process.COMMAND, *arguments],
        cwd=process.SOURCES,
        env=process.ENVIRONMENT,
        capture_output=True,
        check=False,
    )


# --- standard output and its readers -------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments,code",
    [
        (("run", "hello.yaml"), exitcodes.OK),
        (("run", "logs.yaml"), exitcodes.OK),
        (("run", "nested.yaml"), exitcodes.UNSUCCESSFUL),
        (("run", "wrong.yaml"), exitcodes.INVALID),
        (("run", "latin1.yaml"), exitcodes.INVALID),
        (("check", "hello.yaml", "wrong.yaml"), exitcodes.INVALID),
    ],
)
def test_with_json_standard_output_is_one_object_and_nothing_else(
    arguments: tuple[str, ...], code: int
) -> None:
    done = process.run(*arguments, "-o", "json")
    assert done.returncode == code
    assert done.stdout.count(b"\n") == 1
    assert done.stdout.endswith(b"}\n")
    assert isinstance(json.loads(done.stdout), dict)


def test_output_is_utf8_in_any_locale() -> None:
    done = process.run("run", "-", "-o", "json", stdin="- a: {return: ü→支}".encode(), LC_ALL="POSIX")
    assert json.loads(done.stdout.decode("utf-8"))["result"] == "ü→支"


def test_a_reader_that_went_away_ends_the_command_silently() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    running = start("run", "hello.yaml", stdout=writer)
    os.close(writer)
    _, complaint = running.communicate()
    assert complaint == b""
    assert running.returncode == exitcodes.BROKEN_PIPE


def test_a_full_disk_is_reported() -> None:
    done = through_shell(">/dev/full", "run", "hello.yaml")
    assert done.returncode == exitcodes.FAULT
    assert done.stderr == b"error: cannot write the output: No space left on device\n"


def test_a_closed_standard_output_is_reported() -> None:
    done = through_shell(">&-", "run", "hello.yaml")
    assert done.returncode == exitcodes.FAULT
    assert done.stderr == b"error: cannot write the output: standard output is closed\n"


def test_a_closed_standard_error_is_no_reason_to_fail() -> None:
    done = through_shell("2>&-", "run", "logs.yaml", "-o", "json")
    assert done.returncode == exitcodes.OK
    assert json.loads(done.stdout) == {"state": "Succeeded", "result": None}


def test_a_closed_standard_input_is_reported() -> None:
    done = through_shell("<&-", "run", "-")
    assert done.returncode == exitcodes.USAGE
    assert done.stderr == b"error: cannot read '<stdin>': standard input is closed\n"


# --- sources that are none -----------------------------------------------------------------------


def test_a_source_that_is_too_large_is_invalid_and_read_no_further() -> None:
    done = process.run("run", "/dev/zero", "-o", "json")
    assert done.returncode == exitcodes.INVALID
    done = process.run("check", "-", "-o", "json", stdin=HELLO + b"# " + "ü".encode() * 70_000)
    assert done.returncode == exitcodes.INVALID
    assert [found["code"] for found in json.loads(done.stdout)["diagnostics"]] == ["source-too-large"]


@pytest.mark.parametrize("content", [b"", b"\0", b"[" * 100_000, b"%&/()", b"{}", b"main: 5"])
def test_what_is_no_workflow_is_invalid(content: bytes) -> None:
    done = process.run("run", "-", "-o", "json", stdin=content)
    assert done.returncode == exitcodes.INVALID
    assert json.loads(done.stdout)["diagnostics"]
    assert done.stderr == b""


def test_a_file_name_that_is_not_utf8_can_be_run_and_shown(tmp_path: Path) -> None:
    name = b"caf\xe9.yaml"
    (tmp_path / os.fsdecode(name)).write_bytes(b"main: 5")
    done = process.run("check", name, "-o", "json", cwd=tmp_path)
    assert done.returncode == exitcodes.INVALID
    assert json.loads(done.stdout)["diagnostics"][0]["file"].startswith("caf")


def test_an_argument_beyond_the_limit_is_refused() -> None:
    done = process.run("run", "hello.yaml", "--data-file", "-", stdin=b'"' + b"x" * 600_000 + b'"')
    assert done.returncode == exitcodes.USAGE
    assert b"at most 512 KiB" in done.stderr


# --- names, help ---------------------------------------------------------------------------------


def test_as_a_plugin_of_kubectl_the_pages_say_so(tmp_path: Path) -> None:
    plugin = tmp_path / "kubectl-stepward"
    plugin.write_text("import sys\nfrom stepward.__main__ import main\nsys.exit(main())\n")
    for arguments in ([], ["run", "--help"]):
        shown = subprocess.run(
            [sys.executable, str(plugin), *arguments],
            env=process.ENVIRONMENT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        commands = [line.strip() for line in shown.splitlines() if "stepward run" in line]
        assert commands
        assert all(line.startswith("kubectl stepward ") for line in commands)


def test_the_command_line_imports_nothing_that_a_short_run_does_not_need() -> None:
    heavy = ("aiohttp", "httpx", "kopf", "kubernetes", "google", "click", "rich", "asyncio")
    script = (
        "import sys\nfrom stepward.__main__ import main\nmain()\n"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "run", str(process.SOURCES / "logs.yaml")],
        env=process.ENVIRONMENT,
        capture_output=True,
        check=True,
    )
    assert done.stderr.splitlines()[-1] == b"[]"


# --- signals -------------------------------------------------------------------------------------

SLEEPER = b"""\
main:
  steps:
    - say: {call: sys.log, args: {text: waiting}}
    - wait: {call: sys.sleep, args: {seconds: 3600}}
"""


@pytest.mark.parametrize("flags", [[], ["-o", "json"]], ids=["people", "json"])
def test_control_c_says_where_the_run_was_abandoned(flags: list[str]) -> None:
    running = start("run", "-", *flags)
    assert running.stdin is not None
    assert running.stderr is not None
    running.stdin.write(SLEEPER)
    running.stdin.close()
    assert running.stderr.readline() == b"[DEFAULT] waiting\n"
    running.send_signal(signal.SIGINT)
    complaint = running.stderr.read()
    assert running.wait() == exitcodes.INTERRUPTED
    assert complaint.startswith(b"interrupted: <stdin> was abandoned at main/")
    assert complaint.count(b"\n") == 1
    assert running.stdout is not None
    assert running.stdout.read() == b""
    running.stdout.close()
    running.stderr.close()


# --- servers -------------------------------------------------------------------------------------


class Server(http.server.ThreadingHTTPServer):
    """Answers `{"path": …}`; a path that starts with /held only once `release` is set."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.release = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    """One request to `Server`."""

    server: Server

    def do_GET(self) -> None:
        if self.path.startswith("/held"):
            self.server.release.wait(30)
        body = json.dumps({"path": self.path}).encode()
        self.send_response(404 if self.path.startswith("/missing") else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on a loopback address, which local runs may call."""
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield running
        finally:
            running.release.set()
            running.shutdown()
            thread.join()


def request(url: str) -> bytes:
    """Return the source of a workflow that asks for *url*."""
    return (
        "main:\n  steps:\n"
        f"    - ask: {{call: http.get, args: {{url: '{url}'}}, result: answer}}\n"
        "    - done: {return: '${answer.body.path}'}\n"
    ).encode()


def test_a_loopback_server_may_be_called(server: Server) -> None:
    done = process.run("run", "-", "-o", "json", stdin=request(f"{server.url}/a"))
    assert json.loads(done.stdout) == {"state": "Succeeded", "result": "/a"}
    assert done.stderr == b""


def test_an_answer_of_404_is_shown_with_what_it_said(server: Server) -> None:
    done = process.run("run", "-", stdin=request(f"{server.url}/missing"))
    assert done.returncode == exitcodes.UNSUCCESSFUL
    assert done.stderr.startswith(b"error: <stdin> failed at main/ask (<stdin>:3:")
    assert b'"path": "/missing"' in done.stderr


def test_the_example_that_calls_a_server_reaches_it(server: Server) -> None:
    example = process.ROOT / "examples" / "local" / "http.yaml"
    done = process.run("run", str(example), "-o", "json", "--env", f"URL={server.url}/")
    assert json.loads(done.stdout)["result"] == {"reached": True, "code": 200, "type": "application/json"}


# --- terminals -----------------------------------------------------------------------------------


class Terminal:
    """A real terminal, of which the test sees what is written."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        self.seen = ""

    def read_until(self, done: Callable[[str], bool]) -> None:
        """Read until *done* says so of all that was written, or nobody can write any more."""
        while not done(self.seen):
            try:
                more = os.read(self.master, 65536)
            except OSError:  # how Linux says that the other side is closed
                return
            self.seen += more.decode()


@contextlib.contextmanager
def on_terminal(
    *arguments: str, source: bytes, **environment: str
) -> "Iterator[tuple[subprocess.Popen[bytes], Terminal]]":
    """Run *source* with standard error on a terminal."""
    terminal = Terminal()
    running = subprocess.Popen(
        [*process.COMMAND, "run", "-", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=terminal.slave,
        env=process.ENVIRONMENT | {"TERM": "xterm"} | environment,
    )
    os.close(terminal.slave)
    try:
        assert running.stdin is not None
        running.stdin.write(source)
        running.stdin.close()
        yield running, terminal
    finally:
        os.close(terminal.master)
        assert running.stdout is not None
        running.stdout.close()
        running.wait()


def test_on_a_terminal_the_step_that_waits_is_shown_and_erased_at_the_end(server: Server) -> None:
    with on_terminal(source=request(f"{server.url}/held?key=secret"), NO_COLOR="1") as (running, terminal):
        terminal.read_until(lambda seen: "GET" in seen)
        assert f"▸ main/ask  GET {server.url}/held  " in terminal.seen
        assert "secret" not in terminal.seen
        assert "\x1b[3" not in terminal.seen
        server.release.set()
        assert running.stdout is not None
        assert running.stdout.read() == b'"/held?key=secret"\n'
        terminal.read_until(lambda seen: False)
        assert terminal.seen.endswith("\x1b[1A\x1b[J")


def test_a_dumb_terminal_gets_no_progress(server: Server) -> None:
    server.release.set()
    with on_terminal(source=request(f"{server.url}/held"), TERM="dumb") as (_, terminal):
        terminal.read_until(lambda seen: False)
        assert terminal.seen == ""
