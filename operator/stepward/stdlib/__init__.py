"""Floor 3: the functions of the language. Each returns a value, or an Effect for the world."""

import importlib
from pathlib import Path

from stepward.stdlib.registry import StandardLibrary


def library() -> StandardLibrary:
    """Return the standard library: every module of this package registers its functions on import."""
    for file in sorted(Path(__path__[0]).iterdir()):  # pkgutil would cost as much as all of them
        if file.suffix == ".py" and file.stem != "__init__":
            importlib.import_module(f"{__name__}.{file.stem}")
    return StandardLibrary()
