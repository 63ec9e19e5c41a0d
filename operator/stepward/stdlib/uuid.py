"""Module `uuid` (stdlib 18)."""

from stepward.engine.ambient import Ambient
from stepward.stdlib.registry import function


@function("uuid.generate", example=("len(uuid.generate())", 36))
def generate(ambient: Ambient) -> str:
    """Return a random UUID (version 4) as text."""
    return ambient.fresh_uuid()
