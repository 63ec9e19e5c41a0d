"""The definitions as texts: described, bounded, and small enough for client-side apply."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from localcluster import manifests

Schema = dict[str, Any]

DEFINITIONS = {
    definition["spec"]["names"]["kind"]: definition
    for definition in manifests.load(manifests.MANIFESTS / "crds")
}
FREE_FORM = {"result", "payload"}
"""Properties whose shape is the workflow's: the server bounds them by the size of the whole object."""


def schema_of(kind: str) -> Schema:
    (version,) = DEFINITIONS[kind]["spec"]["versions"]
    schema: Schema = version["schema"]["openAPIV3Schema"]
    return schema


def properties(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    """Yield every property and item below *schema* with its path."""
    children = {f".{name}": child for name, child in schema.get("properties", {}).items()}
    if "items" in schema:
        children["[]"] = schema["items"]
    for suffix, child in children.items():
        yield path + suffix, child
        yield from properties(child, path + suffix)


EVERYTHING = [entry for kind in DEFINITIONS for entry in properties(schema_of(kind), kind)]


def test_every_property_is_described_by_sentences() -> None:
    for path, schema in EVERYTHING:
        if path.endswith(".metadata"):
            continue  # the server lets nobody describe it: it does so itself
        description = schema["description"]
        assert description[0].isupper() or description[0] == "`", path
        assert description.endswith("."), path
        assert 8 <= len(description.split(". ")[0]) <= 110, f"{path}: the first sentence stands alone"


def test_every_property_is_bounded() -> None:
    assert not [path for path, schema in EVERYTHING if not is_bounded(path, schema)]


def is_bounded(path: str, schema: Schema) -> bool:
    match schema.get("type"):
        case "string":
            fixed = path.endswith((".apiVersion", ".kind"))
            return fixed or "maxLength" in schema or "enum" in schema
        case "integer":
            return {"minimum", "format"} <= set(schema)
        case "array":
            return {"maxItems", "x-kubernetes-list-type"} <= set(schema)
        case "object":
            return path.endswith(".metadata") or "properties" in schema
        case "boolean":
            return "default" in schema
        case None:
            return path.rpartition(".")[2] in FREE_FORM and schema["nullable"] is True
        case _:
            return False


@pytest.mark.parametrize("kind", DEFINITIONS)
def test_no_field_names_a_namespace(kind: str) -> None:
    """A reference across namespaces would cross the only wall between tenants."""
    assert not [path for path, _ in properties(schema_of(kind), kind) if "namespace" in path.lower()]


@pytest.mark.parametrize("kind", DEFINITIONS)
def test_every_rule_says_what_must_be_and_where(kind: str) -> None:
    for path, schema in [(kind, schema_of(kind)), *properties(schema_of(kind), kind)]:
        for rule in schema.get("x-kubernetes-validations", []):
            assert rule["message"].startswith("must "), path
            assert rule["reason"], path
            # Without a field path the server's answer would repeat the whole object.
            assert "fieldPath" in rule or rule["rule"] == "self == oldSelf", path


@pytest.mark.parametrize("kind", DEFINITIONS)
def test_a_definition_fits_the_annotation_of_client_side_apply(kind: str) -> None:
    assert len(json.dumps(DEFINITIONS[kind])) < 262_144 / 4


@pytest.mark.parametrize("kind", DEFINITIONS)
def test_columns_follow_the_conventions(kind: str) -> None:
    (version,) = DEFINITIONS[kind]["spec"]["versions"]
    columns = version["additionalPrinterColumns"]
    assert all(" " not in column["name"] and column["description"] for column in columns)
    narrow = [column["name"] for column in columns if not column.get("priority")]
    assert narrow[-1] == "Age"
