"""Which role may use which route: one table, asked by every route, tested to miss none."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from clinical.permissions import MAY
from schemas import approval, base, consent, evaluation, infusion, journal, journey, screening
from schemas.adverse_event import ReportAdverseEvent
from schemas.base import Role
from schemas.reevaluation import RecordScores

STAFF: Final = frozenset(Role) - {Role.PATIENT, Role.SYSTEM}
READERS: Final = STAFF
OWN_AND_STAFF: Final = STAFF | {Role.PATIENT}
FEED: Final = frozenset({Role.OPS, Role.SYSTEM, Role.MEDICAL_DIRECTOR})
REFERRERS: Final = MAY["accept_referral"] | {Role.OPS}
CODEC: Final = frozenset({Role.OPS})
OPEN: Final[frozenset[Role]] = frozenset()
"""No token is asked for: nothing of anybody is shown."""


class Spoken(NamedTuple):
    """A command as the contract names it on the engine's side, and its schema."""

    kind: str
    model: type[base.Command]


JOURNEY_COMMANDS: Final[Mapping[str, Spoken]] = MappingProxyType(
    {
        "evaluation": Spoken("record_evaluation", evaluation.RecordEvaluation),
        "screening": Spoken("record_screening", screening.RecordScreening),
        "consent": Spoken("sign_consent", consent.SignConsent),
        "consent/withdrawal": Spoken("withdraw_consent", consent.WithdrawConsent),
        "scores": Spoken("record_scores", RecordScores),
        "journal": Spoken("write_journal", journal.WriteJournal),
        "hold": Spoken("hold", journey.HoldJourney),
        "resume": Spoken("resume", journey.ResumeJourney),
        "close": Spoken("close_journey", journey.CloseJourney),
        "protocol": Spoken("change_protocol", journey.ChangeProtocol),
    }
)
"""`POST /v1/journeys/{id}/...`"""

SESSION_COMMANDS: Final[Mapping[str, Spoken]] = MappingProxyType(
    {
        "check-in": Spoken("check_in", infusion.CheckIn),
        "order": Spoken("order_dose", infusion.OrderDose),
        "start": Spoken("start_dosing", infusion.StartDosing),
        "vitals": Spoken("record_vitals", infusion.RecordVitals),
        "pause": Spoken("pause_dosing", infusion.PauseDosing),
        "resume": Spoken("resume_dosing", infusion.ResumeDosing),
        "stop": Spoken("stop_dosing", infusion.StopDosing),
        "end": Spoken("end_dosing", infusion.EndDosing),
        "adverse-events": Spoken("report_adverse_event", ReportAdverseEvent),
        "discharge": Spoken("discharge", infusion.Discharge),
    }
)
"""`POST /v1/sessions/{id}/...`"""

DECISION: Final = Spoken("decide_approval", approval.DecideApproval)

POLICY: Final[Mapping[tuple[str, str], frozenset[Role]]] = MappingProxyType(
    {
        ("GET", "/healthz"): OPEN,
        ("GET", "/readyz"): OPEN,
        ("GET", "/metrics"): OPEN,
        ("GET", "/openapi.json"): OPEN,
        ("GET", "/.well-known/openid-configuration"): OPEN,
        ("GET", "/.well-known/jwks.json"): OPEN,
        ("POST", "/v1/referrals"): REFERRERS,
        ("POST", "/fhir/ServiceRequest"): REFERRERS,
        ("POST", "/fhir/Bundle"): REFERRERS,
        ("GET", "/v1/journeys"): READERS,
        ("GET", "/v1/journeys/{journey_id}"): OWN_AND_STAFF,
        ("GET", "/v1/journeys/{journey_id}/timeline"): READERS,
        ("GET", "/v1/journeys/{journey_id}/state"): READERS,
        ("GET", "/v1/approvals"): READERS,
        ("POST", "/v1/approvals/{approval_id}/decision"): MAY[DECISION.kind],
        ("GET", "/v1/sessions/{session_id}"): READERS,
        ("POST", "/v1/sessions/{session_id}/vitals:batch"): MAY["record_vitals"],
        ("GET", "/v1/clinic-day"): READERS,
        ("GET", "/v1/commands/{journey_id}/{command_id:path}"): OWN_AND_STAFF,
        ("GET", "/v1/events"): FEED,
        ("POST", "/codec/encode"): CODEC,
        ("POST", "/codec/decode"): CODEC,
        ("POST", "/encode"): CODEC,
        ("POST", "/decode"): CODEC,
        **{
            ("POST", f"/v1/journeys/{{journey_id}}/{path}"): MAY[spoken.kind]
            for path, spoken in JOURNEY_COMMANDS.items()
        },
        **{
            ("POST", f"/v1/sessions/{{session_id}}/{path}"): MAY[spoken.kind]
            for path, spoken in SESSION_COMMANDS.items()
        },
    }
)
"""(method, route) -> the roles that may use it. Whose journeys they are is asked besides."""
