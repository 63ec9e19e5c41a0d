"""What the demo prints: tables from the API server, a result, an error with its caret, what to try."""

import json
import shutil
import textwrap
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from localcluster import processes, tables
from localcluster.api import Api, Object
from localcluster.controlplane import ControlPlane
from stepward.cli import reports
from stepward.engine.outcome import Failed, StackElement
from stepward.language.source import Source

_GROUP: Final = "/apis/stepward.dev/v1alpha1/namespaces/default"
_FINAL: Final = frozenset({"Succeeded", "Failed", "Cancelled"})


def follow(
    api: Api, names: Collection[str], seconds: float, watched: Sequence[processes.Child]
) -> dict[str, str]:
    """Print every change of state until all executions *names* have ended; return their final states.

    Raises TimeoutError or ChildEnded.
    """
    seen: dict[str, str] = {}

    def all_ended() -> bool:
        for item in api.get(f"{_GROUP}/executions")["items"]:
            name, status = item["metadata"]["name"], item.get("status", {})
            state = status.get("state", "")
            if state and seen.get(name) != state:
                seen[name] = state
                print(f"            {name}: {state} ({_reason(status)})", flush=True)
        return all(seen.get(name) in _FINAL for name in names)

    processes.wait_until("the executions end", all_ended, seconds, watched)
    return {name: seen[name] for name in names}


def everything(api: Api) -> None:
    """Print tables, the result of an execution that succeeded, and the error of one that failed."""
    _command("kubectl get swf -o wide")
    print(tables.fetch(api, f"{_GROUP}/workflows", wide=True))
    _command("kubectl get swx")
    print(tables.fetch(api, f"{_GROUP}/executions"))
    for item in api.get(f"{_GROUP}/executions")["items"]:
        name, status = item["metadata"]["name"], item["status"]
        if "result" in status:
            _command(f"kubectl get swx/{name} -o jsonpath='{{.status.result}}'")
            print(json.dumps(status["result"], indent=2))
        elif status.get("error"):
            _command(f"kubectl get swx/{name} -o jsonpath='{{.status.error}}'    # shown with its source")
            print(_failure(api, status))


def invitation(plane: ControlPlane, log: Path) -> None:
    """Print how to look around, for as long as everything runs."""
    without = "" if shutil.which("kubectl") else "  (kubectl is not installed here; any client will do)"
    print(
        textwrap.dedent(f"""
        It is yours until Ctrl-C{without}:

          export KUBECONFIG={plane.kubeconfig}
          kubectl get swf,swx
          kubectl create -f - <<END
          apiVersion: stepward.dev/v1alpha1
          kind: Execution
          metadata: {{name: order-7}}
          spec:
            workflowRef: {{name: order}}
            argument: '{{"id": 7, "lines": [{{"item": "bread", "count": 3}}]}}'
          END
          kubectl wait swx/order-7 --for=condition=Finished --timeout=30s
          kubectl get swx/order-7 -o jsonpath='{{.status.result}}'
          kubectl edit swf/typo       # write `finish` for `finsh`: typo-1 starts by itself
          tail -f {log}
        """),
        flush=True,
    )


def _command(text: str) -> None:
    print(f"\n$ {text}")


def _reason(status: Object) -> str:
    reasons: list[str] = [entry["reason"] for entry in status["conditions"] if entry["type"] == "Succeeded"]
    return ", ".join(reasons)


def _failure(api: Api, status: Object) -> str:
    """Return the error as `stepward run` would show it, over the source that the execution ran."""
    error = status["error"]
    revision = status.get("workflowRevision")
    if not revision or not error["stackTrace"]:
        return str(error["context"])
    source = api.get(f"{_GROUP}/workflowrevisions/{revision}")["spec"]["source"]
    stack = tuple(
        StackElement(frame["step"], frame["routine"], **frame["position"]) for frame in error["stackTrace"]
    )
    return reports.render_failure(Failed(None, error["context"], stack), Source(revision, source))
