"""Kubeconfig files for the local control plane."""

import json
from pathlib import Path


def write(file: Path, *, url: str, ca_file: Path, user: str, token_file: Path) -> None:
    """Write a kubeconfig (JSON, which is YAML) that reads its bearer token from *token_file*.

    A file, not the token itself: clients that read it again see a renewed token.
    """
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "local", "cluster": {"server": url, "certificate-authority": str(ca_file)}},
        ],
        "users": [{"name": user, "user": {"tokenFile": str(token_file)}}],
        "contexts": [
            {"name": "local", "context": {"cluster": "local", "user": user, "namespace": "default"}}
        ],
        "current-context": "local",
    }
    write_secret(file, json.dumps(content, indent=2) + "\n")


def write_secret(file: Path, text: str) -> None:
    """Replace *file* with *text* in one step, readable by its owner alone."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.touch(mode=0o600)
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(file)
