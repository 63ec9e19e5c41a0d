"""What a local run meets in real time: callbacks, other workflows, credentials; the command as a process."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import process
from stepward.cli import exitcodes

REHEARSE = process.SOURCES / "rehearse"


@contextlib.contextmanager
def running(*arguments: str) -> "Iterator[subprocess.Popen[str]]":
    """Run `stepward` beside the test; it is gone at the end."""
    command = [*process.COMMAND, *arguments]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=REHEARSE,
        env=process.ENVIRONMENT,
        text=True,
    ) as started:
        try:
            yield started
        finally:
            started.kill()


def awaited_url(started: "subprocess.Popen[str]") -> str:
    """Return the URL that the run waits at, as it tells its user."""
    assert started.stderr is not None
    line = started.stderr.readline()
    assert line.startswith("waits for a callback: PUT http://127.0.0.1:"), line
    return line.rsplit(" ", 1)[1].strip()


def send(url: str, body: object = None, *, method: str = "PUT") -> int:
    """Send a request and return the status of the answer."""
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310 - the scheme is checked above
        url, content, {"Content-Type": "application/json"}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            status: int = answer.status
    except urllib.error.HTTPError as failure:
        return failure.code
    return status


# --- callbacks ---------------------------------------------------------------------------------------


def test_a_callback_resumes_the_run() -> None:
    with running("run", "approve.yaml", "--data", "60", "-o", "json") as started:
        url = awaited_url(started)
        assert send(url, method="POST") == 405
        assert send(url + "x") == 404
        assert send(f"{url}?by=ada", {"approved": True}) == 200
        shown, told = started.communicate(timeout=30)
    assert json.loads(shown) == {"state": "Succeeded", "result": [{"approved": True}, {"by": "ada"}]}
    assert told == ""
    assert started.returncode == exitcodes.OK


def test_nobody_calls_back_in_time() -> None:
    done = process.run("run", "approve.yaml", "--data", "0", "-o", "json", cwd=REHEARSE)
    assert done.returncode == exitcodes.UNSUCCESSFUL
    error = json.loads(done.stdout)["error"]
    assert "TimeoutError" in error["payload"]["tags"]


def test_interrupting_a_wait_ends_the_run() -> None:
    with running("run", "approve.yaml", "--data", "60") as started:
        awaited_url(started)
        started.send_signal(signal.SIGINT)
        shown, told = started.communicate(timeout=30)
    assert (shown, started.returncode) == ("", exitcodes.INTERRUPTED)
    assert "abandoned at main/ask" in told


# --- other workflows ---------------------------------------------------------------------------------


def test_other_workflows_run_with_a_state_of_their_own() -> None:
    done = process.run(
        *("run", "family.yaml", "-o", "json", "--workflow", "double=double.yaml"),
        *("--workflow", "later=later.yaml"),
        cwd=REHEARSE,
    )
    assert json.loads(done.stdout)["result"] == [[2, 4], ["OperationError"], "FAILED"]
    told = done.stderr.decode()
    assert told.count("[DEFAULT] ended") == 2, "what nobody waits for runs to its end"
    assert "waiting for executions that were started and go on: 2" in told
    assert told.count("later/executions/") == 2
    assert 'RuntimeError: "in the end"' in told


def test_the_error_of_another_workflow_has_its_execution() -> None:
    done = process.run(
        *("run", "call.yaml", "--data", '"x"', "-o", "json", "--workflow", "double=double.yaml"),
        cwd=REHEARSE,
    )
    payload = json.loads(done.stdout)["error"]["payload"]
    assert payload["tags"] == ["ExecutionError"]
    assert payload["state"] == "FAILED"
    assert payload["name"].startswith("projects/local/locations/local/workflows/double/executions/")
    assert json.loads(payload["error"]["payload"])["tags"] == ["TypeError"]
    assert payload["error"]["stackTrace"]["elements"][0]["step"] == "done"


# --- credentials -------------------------------------------------------------------------------------


def python_package(folder: Path, files: dict[str, str]) -> str:
    """Write Python files and return the path that lets them be found before all others."""
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return os.pathsep.join([str(folder), process.ENVIRONMENT["PYTHONPATH"]])


def test_without_the_package_auth_says_what_to_install(tmp_path: Path) -> None:
    path = python_package(tmp_path, {"google/__init__.py": ""})  # hides one that is installed
    done = process.run("run", "authorized.yaml", "--auth", cwd=REHEARSE, PYTHONPATH=path)
    assert done.returncode == exitcodes.USAGE
    assert b"--auth needs the package google-auth" in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_what_google_says_is_told_without_what_may_be_secret(tmp_path: Path) -> None:
    secret = "ya29." + "a1B2c3D4" * 8
    path = python_package(
        tmp_path,
        {
            "google/__init__.py": "",
            "google/auth/__init__.py": f"def default(**_): raise RuntimeError('expired: {secret}')",
            "google/auth/impersonated_credentials.py": "class Credentials: pass",
            "google/auth/transport/__init__.py": "",
            "google/auth/transport/requests.py": "class Request:\n    def __call__(self): pass",
            "google/oauth2/__init__.py": "",
            "google/oauth2/id_token.py": "",
        },
    )
    done = process.run("run", "authorized.yaml", "--auth", "-o", "json", cwd=REHEARSE, PYTHONPATH=path)
    assert done.returncode == exitcodes.UNSUCCESSFUL
    payload = json.loads(done.stdout)["error"]["payload"]
    assert payload["tags"] == ["AuthError"]
    assert "RuntimeError: expired: …" in payload["message"]
    assert secret.encode() not in done.stdout + done.stderr


@pytest.mark.parametrize("flag", [(), ("--auth",)])
def test_a_run_without_credentials_imports_none_of_it(flag: tuple[str, ...]) -> None:
    code = "import sys; from stepward.cli import main; main.main(sys.argv[1:]); print(sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code, "run", "hello.yaml", *flag],
        cwd=process.SOURCES,
        env=process.ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = done.stdout.rsplit("[", 1)[1]
    for module in (
        "google.auth",
        "asyncio",
        "aiohttp",
        "stepward.runtime.children",
        "stepward.cli.rehearsal",
    ):
        assert f"'{module}'" not in loaded
