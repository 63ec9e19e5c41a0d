"""Floor 3: the functions of the language. Each returns a value, or an Effect for the world."""

import importlib
import os

from stepward.stdlib.registry import StandardLibrary


def library() -> StandardLibrary:
    """Return the standard library: every module of this package registers its functions on import."""
    for file in sorted(os.listdir(__path__[0])):  # pkgutil would cost as much as all of them
        name, extension = os.path.splitext(file)
        if extension == ".py" and name != "__init__":
            importlib.import_module(f"{__name__}.{name}")
    return StandardLibrary()
