"""Applies the project's manifests the way `kubectl apply -k` would, without kubectl."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import yaml

from localcluster import processes
from localcluster.api import Api, ApiError, Object

ROOT: Final = Path(__file__).resolve().parent.parent.parent
MANIFESTS: Final = ROOT / "manifests"
_FIRST: Final = ("Namespace", "CustomResourceDefinition", "ServiceAccount")
_ESTABLISH_SECONDS: Final = 30
_NOT_YET: Final = frozenset({404, 429, 503})


def load(kustomization: Path) -> list[Object]:
    """Return the objects that the kustomization in a folder lists, in the order they can be created.

    Only `resources` is understood, and anything else refused: what we apply is what kubectl applies.
    """
    content = yaml.safe_load((kustomization / "kustomization.yaml").read_text(encoding="utf-8"))
    unknown = set(content) - {"apiVersion", "kind", "resources"}
    if unknown:
        raise ValueError(f"{kustomization}: this applier does not know {', '.join(sorted(unknown))}")
    objects: list[Object] = []
    for entry in content["resources"]:
        path = kustomization / entry
        objects.extend(load(path) if path.is_dir() else read(path))
    return sorted(objects, key=_rank)


def read(file: Path) -> list[Object]:
    """Return the objects of a YAML file."""
    return [entry for entry in yaml.safe_load_all(file.read_text(encoding="utf-8")) if entry]


def apply(api: Api, objects: Iterable[Object], namespace: str = "default") -> list[Object]:
    """Apply *objects* in order and return them as the server has them.

    *namespace* is for namespaced objects that name none. A CustomResourceDefinition is waited for.
    """
    applied = []
    for entry in objects:
        path = path_of(api, entry, namespace)
        applied.append(api.apply(path, entry))
        if entry["kind"] == "CustomResourceDefinition":
            _wait_established(api, path)
    return applied


def path_of(api: Api, entry: Object, namespace: str = "default") -> str:
    """Return the address of an object, by what the server says about its kind."""
    group = entry["apiVersion"]
    root = f"/apis/{group}" if "/" in group else f"/api/{group}"
    resource = next(
        found
        for found in api.get(root)["resources"]
        if found["kind"] == entry["kind"] and "/" not in found["name"]
    )
    metadata = entry["metadata"]
    scope = f"/namespaces/{metadata.get('namespace', namespace)}" if resource["namespaced"] else ""
    return f"{root}{scope}/{resource['name']}/{metadata['name']}"


def _rank(entry: Object) -> int:
    kind = entry["kind"]
    return _FIRST.index(kind) if kind in _FIRST else len(_FIRST)


def _wait_established(api: Api, path: str) -> None:
    """Wait until the server serves what it has accepted: right after that it answers 404 or 429."""

    def is_established() -> bool:
        definition = api.get(path)
        conditions: Sequence[Object] = definition.get("status", {}).get("conditions") or ()
        held = {condition["type"] for condition in conditions if condition["status"] == "True"}
        return {"Established", "NamesAccepted"} <= held and _serves(api, definition["spec"])

    processes.wait_until(f"{path} is established", is_established, _ESTABLISH_SECONDS)


def _serves(api: Api, spec: Object) -> bool:
    version, plural = spec["versions"][0]["name"], spec["names"]["plural"]
    try:
        api.get(f"/apis/{spec['group']}/{version}/{plural}", limit="1")
    except ApiError as error:
        if error.code in _NOT_YET:
            return False
        raise
    return True
