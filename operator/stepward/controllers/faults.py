"""Faults of ours: logged once under an id that the user sees, and never in anybody's way."""

import logging
import uuid
from collections.abc import Mapping
from typing import Any

from stepward.telemetry import logs, metrics

_log = logging.getLogger("stepward.fault")


def record(doing: str, fields: Mapping[str, Any]) -> str:
    """Log the exception that is being handled, with its traceback; return the sentence for the user."""
    incident = uuid.uuid4().hex[:12]
    metrics.INTERNAL_ERRORS.inc()
    _log.exception("internal error %s %s", incident, doing, extra=logs.about(incident=incident, **fields))
    return f"Stepward failed, not the workflow: internal error {incident}; the operator's log tells more."
