"""Sources, ready to run."""

from collections.abc import Mapping

from stepward import stdlib
from stepward.engine import code, events
from stepward.language import compilation, diagnostics
from stepward.language.source import Source
from stepward.runtime.children import Family, Workflow
from stepward.values import model

LIBRARY = stdlib.library()
START = 1_700_000_000.0


def linked(text: str) -> code.Code:
    """Return the code of the source *text*."""
    source = Source("test.yaml", text)
    program, report = compilation.compile_workflow(source, LIBRARY)
    assert program is not None, diagnostics.render_all(report, source)
    return code.link(program, LIBRARY)


def started(argument: object = None) -> events.Started:
    """Return the event that begins an execution."""
    return events.Started(START, model.adopt(argument), argument is not None, {}, "seed")


def family(sources: Mapping[str, str]) -> Family:
    """Return the workflows of *sources* by id."""
    environment = {
        "GOOGLE_CLOUD_PROJECT_ID": "p",
        "GOOGLE_CLOUD_LOCATION": "l",
        "GOOGLE_CLOUD_WORKFLOW_REVISION_ID": "000001-abc",
    }
    return Family(
        {
            name: Workflow(linked(text), {**environment, "GOOGLE_CLOUD_WORKFLOW_ID": name})
            for name, text in sources.items()
        }
    )
