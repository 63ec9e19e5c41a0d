"""Every metric is documented, and no label is a tenant's to choose."""

import pytest
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from stepward.telemetry import metrics

ALL = [value for value in vars(metrics).values() if isinstance(value, MetricWrapperBase)]
LABELS = {"reason", "outcome", "cause", "kind", "method"}


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric._name)  # noqa: SLF001 - the library has no other
def test_a_metric_says_what_it_is(metric: MetricWrapperBase) -> None:
    (described,) = metric.describe()
    assert described.name.startswith("stepward_")
    assert described.documentation.endswith(".")
    assert set(metric._labelnames) <= LABELS  # noqa: SLF001 - as above


def test_all_are_registered() -> None:
    assert len(ALL) >= 20
    names = {family.name for family in REGISTRY.collect()}
    assert {described.name for metric in ALL for described in metric.describe()} <= names
