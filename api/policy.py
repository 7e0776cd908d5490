"""Which role may use which route: one table, asked by every route, tested to miss none."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from clinical.permissions import MAY
from schemas import (
    aftercare,
    approval,
    base,
    consent,
    drug_cabinet,
    evaluation,
    infusion,
    journal,
    journey,
    risk_alert,
    safety_program,
    screening,
    worklist,
)
from schemas.adverse_event import ReportAdverseEvent
from schemas.authorization import RecordAuthorization
from schemas.base import Role
from schemas.deletion import RequestDeletion
from schemas.late_result import RecordResult
from schemas.preparation import PrepareSession
from schemas.primary_provider import ChangeProvider
from schemas.reevaluation import RecordScores
from schemas.transfer import TransferOut
from service.patient_links import MAKERS as LINK_MAKERS
from service.reports import REPORT_READERS

STAFF: Final = frozenset(Role) - {Role.PATIENT, Role.SYSTEM}
READERS: Final = STAFF
OWN_AND_STAFF: Final = STAFF | {Role.PATIENT}
FEED: Final = frozenset({Role.OPS, Role.SYSTEM, Role.MEDICAL_DIRECTOR})
STOCK_READERS: Final = MAY["count_stock"] | {Role.OPS}
SHARERS_OF_DOSES: Final = frozenset({Role.MEDICAL_DIRECTOR, Role.PHARMACIST, Role.CARE_COORDINATOR})
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
        "contact": Spoken("record_contact", aftercare.RecordContact),
        "alerts/acknowledgement": Spoken("acknowledge_alert", risk_alert.AcknowledgeAlert),
        "adverse-events": Spoken("report_adverse_event", ReportAdverseEvent),
        "monitoring-forms": Spoken("submit_monitoring_form", safety_program.SubmitMonitoringForm),
        "authorization": Spoken("record_authorization", RecordAuthorization),
        "results": Spoken("record_result", RecordResult),
        "deletion-request": Spoken("request_deletion", RequestDeletion),
        "provider": Spoken("change_provider", ChangeProvider),
        "preparation": Spoken("prepare_session", PrepareSession),
        "hold": Spoken("hold", journey.HoldJourney),
        "resume": Spoken("resume", journey.ResumeJourney),
        "close": Spoken("close_journey", journey.CloseJourney),
        "transfer": Spoken("transfer_out", TransferOut),
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
        "supply": Spoken("supply_missing", infusion.SupplyMissing),
        "waste": Spoken("record_waste", infusion.RecordWaste),
        "attendant": Spoken("assign_attendant", infusion.AssignAttendant),
        "presence": Spoken("renew_presence", infusion.RenewPresence),
        "handover": Spoken("hand_over", infusion.HandOver),
        "takeover": Spoken("take_over", infusion.TakeOver),
        "acknowledgement": Spoken("acknowledge_order", infusion.AcknowledgeOrder),
    }
)
"""`POST /v1/sessions/{id}/...`"""

STOCK_COMMANDS: Final[Mapping[str, Spoken]] = MappingProxyType(
    {
        "receipts": Spoken("receive_stock", drug_cabinet.ReceiveStock),
        "counts": Spoken("count_stock", drug_cabinet.CountStock),
        "waste": Spoken("waste_stock", drug_cabinet.WasteStock),
        "returns": Spoken("return_stock", drug_cabinet.ReturnStock),
        "losses": Spoken("report_loss", drug_cabinet.ReportLoss),
        "recalls": Spoken("recall_lot", drug_cabinet.RecallLot),
        "freezes": Spoken("freeze_lot", drug_cabinet.FreezeLot),
        "releases": Spoken("unfreeze_lot", drug_cabinet.UnfreezeLot),
    }
)
"""`POST /v1/stock/...`"""

HANDLING: Final[Mapping[str, type[worklist.HandleTask]]] = MappingProxyType(
    {
        "claim": worklist.ClaimTask,
        "release": worklist.ReleaseTask,
        "assign": worklist.AssignTask,
        "snooze": worklist.SnoozeTask,
        "priority": worklist.RaisePriority,
        "remind": worklist.RemindColleague,
    }
)
"""`POST /v1/approvals/{id}/...`, beside the decision itself"""

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
        ("GET", "/v1/journeys/{journey_id}/plan"): READERS,
        ("GET", "/v1/journeys/{journey_id}/monitoring-forms"): READERS,
        ("POST", "/v1/clinics/{clinic}/certification"): MAY["certification_lost"],
        ("POST", "/v1/clinics/{clinic}/closures"): MAY["announce_closure"],
        ("GET", "/v1/clinics/{clinic}/alerts"): READERS,
        ("GET", "/v1/clinics/{clinic}/overrides"): frozenset({Role.MEDICAL_DIRECTOR, Role.OPS}),
        ("GET", "/v1/clinics/{clinic}/shortage"): SHARERS_OF_DOSES,
        ("GET", "/v1/journeys/{journey_id}/transfer"): MAY["transfer_out"],
        ("GET", "/v1/journeys/{journey_id}/links"): LINK_MAKERS,
        ("POST", "/v1/journeys/{journey_id}/links"): LINK_MAKERS,
        ("DELETE", "/v1/journeys/{journey_id}/links/{link_id}"): LINK_MAKERS,
        ("POST", "/v1/protocols/preview"): MAY["change_protocol"] | {Role.OPS},
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
        ("GET", "/v1/reports/{name}"): REPORT_READERS,
        ("GET", "/v1/reports/{name}.csv"): REPORT_READERS,
        ("GET", "/v1/stock"): STOCK_READERS,
        ("GET", "/v1/stock/log"): STOCK_READERS,
        ("GET", "/v1/stock/{lot}/log"): STOCK_READERS,
        ("GET", "/v1/worklist"): STAFF,
        ("GET", "/v1/worklist.csv"): STAFF,
        ("POST", "/v1/worklist:bulk"): STAFF,
        ("GET", "/v1/worklist/filters"): STAFF,
        ("POST", "/v1/worklist/filters"): STAFF,
        ("DELETE", "/v1/worklist/filters/{filter_id}"): STAFF,
        ("GET", "/v1/absences"): STAFF,
        ("POST", "/v1/absences"): STAFF,
        ("DELETE", "/v1/absences/{absence_id}"): STAFF,
        **{("POST", f"/v1/approvals/{{approval_id}}/{path}"): STAFF for path in HANDLING},
        **{
            ("POST", f"/v1/stock/{path}"): MAY[spoken.kind]
            for path, spoken in STOCK_COMMANDS.items()
        },
    }
)
"""(method, route) -> the roles that may use it. Whose journeys they are is asked besides."""
