"""Options and environment variables of the operator."""

import pytest

from stepward.controllers import settings


def test_an_option_beats_its_variable_and_lists_are_replaced() -> None:
    environment = {"STEPWARD_HEALTH_PORT": "9", "STEPWARD_NAMESPACE": "a, b", "STEPWARD_CONCURRENCY": "7"}
    assert settings.parse([], environment).namespaces == ("a", "b")
    assert settings.parse([], environment).health_port == 9
    chosen = settings.parse(["--namespace", "x", "--namespace", "y", "--health-port", "0"], environment)
    assert (chosen.namespaces, chosen.health_port, chosen.concurrency) == (("x", "y"), 0, 7)


def test_every_option_has_a_default() -> None:
    chosen = settings.parse([], {})
    assert chosen.kubeconfig == ""
    assert chosen.namespaces == ()
    assert chosen.policy.allow == ()
    assert (chosen.concurrency, chosen.drain_seconds, chosen.audit_seconds) == (1_000, 20.0, 60.0)


def test_what_may_be_called_is_parsed() -> None:
    allow = settings.parse(["--egress-allow", "10.0.0.0/8:443", "--egress-allow", "db:80"], {}).policy.allow
    assert [place.port for place in allow] == [443, 80]


@pytest.mark.parametrize(
    "arguments, environment, message",
    [
        (["--health-port", "70000"], {}, "must be a port"),
        (["--concurrency", "0"], {}, "at least 1"),
        (["--egress-allow", "nowhere"], {}, "HOST-OR-CIDR:PORT"),
        (["--drain-seconds", "-1"], {}, "0 to 3600"),
        (["--audit-seconds", "0"], {}, "at least 1 second"),
        ([], {"STEPWARD_LOG_LEVEL": "loud"}, "must be one of"),
        ([], {"STEPWARD_HEALTH_PORT": "x"}, "must be a port"),
        (["--unknown"], {}, "unrecognized"),
    ],
)
def test_what_is_wrong_is_said(
    arguments: list[str], environment: dict[str, str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        settings.parse(arguments, environment)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
