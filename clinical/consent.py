"""Informed consent judged: what was explained, by which text, who signed, and until when.

Fact sheet 3. Withdrawal is not judged here: it is heard at once and pre-empts everything.
"""

from datetime import datetime
from types import MappingProxyType

from clinical.decision_kind import DecisionKind
from clinical.parameters import Parameters
from schemas.base import Instant, Reason, Value
from schemas.consent import Consent, ConsentDecision, ConsentForm
from schemas.screening import Modality

COMMON = (
    "evidence_limits", "alternatives", "procedure", "dissociation", "sedation",
    "respiratory_depression", "bp", "abuse", "bladder", "liver", "cognition", "suicidality",
    "worsening", "pregnancy", "driving", "escort", "contacts", "collaboration", "withdraw",
    "costs",
)  # fmt: skip

REQUIRED_ELEMENTS: MappingProxyType[Modality, tuple[str, ...]] = MappingProxyType(
    {
        Modality.IV_KETAMINE: ("status", *COMMON),
        Modality.ESKETAMINE: ("status_esk", *COMMON, "rems"),
    }
)
"""Checklist keys that must have been explained, by modality (section 3)."""

SELF = "self"
REPRESENTATIVES = frozenset({"guardian", "court_appointed", "health_care_proxy"})


def judge_consent(
    form: ConsentForm,
    signed_at: datetime,
    modality: Modality,
    dosing_at: datetime | None,
    parameters: Parameters,
) -> ConsentDecision:
    """Whether this form is a consent in force for this modality, at `dosing_at` when that is
    known: valid 12 months, and on the same day signed at least 30 min before dosing (3)."""
    valid_until = signed_at + parameters.duration("consent.valid")
    reasons = [*_form_reasons(form, modality), *_signer_reasons(form)]
    if form.signed_at is not None and form.signed_at > signed_at:
        reasons.append(_reason("signed_in_future", "The form is dated after it was received."))
    if dosing_at is not None:
        reasons += _timing(signed_at, dosing_at, valid_until, parameters)
    return ConsentDecision(
        in_force=not reasons, reasons=tuple(reasons), valid_until=None if reasons else valid_until
    )


def dosing_from(signed_at: datetime, parameters: Parameters) -> datetime:
    """The moment from which a dose may rest on a consent that was signed at `signed_at` (3)."""
    return signed_at + parameters.duration("consent.min_lead_before_dose")


def in_force_until(consent: Consent, parameters: Parameters) -> datetime:
    """How long a dose may rest on this consent where nothing else happens: its own validity, or six
    months since it was signed, whichever ends first (3)."""
    renewal = parameters.duration("consent.maintenance_renewal")
    return min(consent.valid_until, consent.signed_at + renewal)


def needs_reconsent(
    form: ConsentForm,
    signed_at: datetime,
    now: datetime,
    parameters: Parameters,
    *,
    modality: Modality,
    maintenance_since: datetime | None = None,
    dose_mg_per_kg: float | None = None,
    new_material_risk: bool = False,
    new_label_version: bool = False,
    material_document_change: bool = False,
    supervising_entity_changed: bool = False,
    last_dose_at: datetime | None = None,
) -> tuple[Reason, ...]:
    """Why consent must be asked for again; nothing when it stands (section 3, triggers).
    `maintenance_since`: when a course of maintenance was moved to, for a dose that belongs to it.
    The move and the six months are two triggers, each by itself (decision 29)."""
    age = now - signed_at
    renewal = parameters.duration("consent.maintenance_renewal")
    consented = form.max_dose_mg_per_kg
    above = dose_mg_per_kg is not None and consented is not None and dose_mg_per_kg > consented
    gap = None if last_dose_at is None else now - last_dose_at
    rows = (
        (form.modality is not modality, "new_modality", "Consent was for another treatment."),
        (
            maintenance_since is not None and signed_at < maintenance_since,
            "maintenance",
            "Maintenance has a consent of its own.",
        ),
        (age >= renewal, "renewal", "Six months or more since the last consent."),
        (age >= parameters.duration("consent.valid"), "expired", "Consent has expired."),
        (above, "dose_above_consented", "The dose exceeds what was consented to."),
        (new_material_risk, "new_risk", "A new material risk."),
        (new_label_version, "new_label", "New boxed warning or label."),
        (material_document_change, "new_document", "The document changed in substance."),
        (supervising_entity_changed, "new_supervisor", "Another entity supervises."),
        (
            gap is not None and gap > parameters.duration("consent.reconsent_gap"),
            "lapse",
            "Treatment has lapsed for more than 90 days.",
        ),
    )
    return tuple(_reason(code, text) for fires, code, text in rows if fires)


def _form_reasons(form: ConsentForm, modality: Modality) -> list[Reason]:
    reasons = []
    if form.modality is not modality:
        text = "Consent is for another treatment."
        reasons.append(_reason("other_modality", text, form.modality.value))
    explained = frozenset(form.elements)
    absent = [key for key in REQUIRED_ELEMENTS[modality] if key not in explained]
    if absent:
        text = "Not everything was explained that must be."
        reasons.append(_reason("elements_missing", text, ", ".join(absent)))
    if form.document_sha256 is None:
        text = "Which very text was shown is not recorded."
        reasons.append(_reason("document_unknown", text))
    if not form.copy_given:
        reasons.append(_reason("copy_not_given", "The patient gets a copy."))
    return reasons


def _signer_reasons(form: ConsentForm) -> list[Reason]:
    reasons = []
    if form.capacity_attested_by is None:
        reasons.append(_reason("capacity_not_attested", "A clinician attests capacity."))
    if not form.teach_back:
        text = "The patient says in their own words what was explained."
        reasons.append(_reason("teach_back_missing", text))
    relation = form.signer_relation
    if relation != SELF and relation not in REPRESENTATIVES:
        text = "Only the patient or a lawful representative signs."
        reasons.append(_reason("signer_not_entitled", text, relation))
    return reasons


def _timing(
    signed_at: datetime, dosing_at: datetime, valid_until: datetime, parameters: Parameters
) -> list[Reason]:
    reasons = []
    if dosing_at < dosing_from(signed_at, parameters):
        text = "Signed too short before dosing."
        reasons.append(_reason("signed_too_late", text))
    if dosing_at > valid_until:
        reasons.append(_reason("expires_before_dosing", "Consent ends before the dose."))
    return reasons


def _reason(code: str, text: str, fact: str | None = None) -> Reason:
    return Reason(code=f"consent_{code}", text=text, fact=fact, source="3")


class ConsentFacts(Value):
    """A signed form, when it was signed, the treatment it is for and, when known, the dose."""

    form: ConsentForm
    signed_at: Instant
    modality: Modality
    dosing_at: Instant | None = None


def _decide(facts: ConsentFacts, parameters: Parameters) -> ConsentDecision:
    return judge_consent(facts.form, facts.signed_at, facts.modality, facts.dosing_at, parameters)


DECISION = DecisionKind(
    name="consent",
    facts=ConsentFacts,
    decide=_decide,
    summary="Whether a signed form is a consent in force, and until when.",
)
