"""The names that the engine's server knows us by: task queues and search attributes, codes only.

Workflows import this inside their sandbox, so it imports nothing but `temporalio.common`.
The names are public: they are pinned by the contract and by a test, and are never renamed.
"""

from typing import Any, Final

from temporalio.common import SearchAttributeKey

JOURNEYS: Final = "journeys"
"""All workflows."""

RECORDS: Final = "records"
"""Activities on the clinical record."""

NOTIFICATIONS: Final = "notifications"
"""Activities that write to people."""

INTEGRATIONS: Final = "integrations"
"""Activities on outside systems."""

QUEUES: Final = (JOURNEYS, RECORDS, NOTIFICATIONS, INTEGRATIONS)

JOURNEY_PHASE: Final = SearchAttributeKey.for_keyword("JourneyPhase")
AWAITING_ROLE: Final = SearchAttributeKey.for_keyword("AwaitingRole")
CLINIC_CODE: Final = SearchAttributeKey.for_keyword("ClinicCode")
PROTOCOL_VERSION: Final = SearchAttributeKey.for_keyword("ProtocolVersion")
HOLD_REASON: Final = SearchAttributeKey.for_keyword("HoldReason")
ATTENTION: Final = SearchAttributeKey.for_bool("Attention")
NEXT_ACTION_AT: Final = SearchAttributeKey.for_datetime("NextActionAt")
SESSION_NUMBER: Final = SearchAttributeKey.for_int("SessionNumber")

SEARCH_ATTRIBUTES: Final[tuple[SearchAttributeKey[Any], ...]] = (
    JOURNEY_PHASE,
    AWAITING_ROLE,
    CLINIC_CODE,
    PROTOCOL_VERSION,
    HOLD_REASON,
    ATTENTION,
    NEXT_ACTION_AT,
    SESSION_NUMBER,
)
"""Every search attribute a deployment registers. They are never encrypted: no patient data."""

REFUSED_ENCODING: Final = b"binary/refused"
"""Encoding of a payload that could not be trusted; its metadata `reason` says why, in one code.
A handler that takes a `RawValue` looks for it and dead-letters the message."""

SIGNALS_CARRY: Final = 1
"""Arguments a signal carries: one envelope. More are cut off before the handler is called."""
