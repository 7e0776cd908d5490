"""The built-in standard protocol: every parameter at its standard value, the approval table."""

from functools import cache

from clinical.approval_rules import STANDARD_APPROVALS
from clinical.parameters import standard_protocol_values
from schemas.protocol import Protocol

STANDARD_VERSION = "standard-1"


@cache
def standard_protocol() -> Protocol:
    """What `protocols/standard.yaml` says, without reading a file."""
    return Protocol(
        code="standard",
        version=STANDARD_VERSION,
        parameters=standard_protocol_values(),
        approvals=dict(STANDARD_APPROVALS),
    )
