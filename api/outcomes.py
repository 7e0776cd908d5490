"""The FHIR way to say yes or no: an OperationOutcome."""

from collections.abc import Sequence
from typing import Final

from schemas.base import Reason

FHIR_JSON: Final = "application/fhir+json"

ISSUE_TYPES: Final = {
    400: "structure",
    401: "login",
    403: "forbidden",
    404: "not-found",
    409: "business-rule",
    413: "too-long",
    415: "not-supported",
    422: "invalid",
    429: "throttled",
    503: "transient",
}


def operation_outcome(
    status: int, code: str, title: str, reasons: Sequence[Reason]
) -> dict[str, object]:
    """One issue for each reason; the title alone when there is none."""
    kind = ISSUE_TYPES.get(status, "exception")
    issues = [_issue("error", kind, r.code, r.text, r.fact) for r in reasons]
    return {
        "resourceType": "OperationOutcome",
        "issue": issues or [_issue("error", kind, code, title, None)],
    }


def informational(code: str, text: str) -> dict[str, object]:
    """Something went well, and what it was."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [_issue("information", "informational", code, text, None)],
    }


def _issue(severity: str, kind: str, code: str, text: str, place: str | None) -> dict[str, object]:
    issue: dict[str, object] = {
        "severity": severity,
        "code": kind,
        "details": {"coding": [{"code": code}], "text": text},
        "diagnostics": text,
    }
    if place:
        issue["expression"] = [place]
    return issue
