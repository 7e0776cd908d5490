"""The papers of a synthetic patient: what a referral, an evaluation, a screening, a consent say.

Everybody here is invented, and meant to look it.
"""

from datetime import date, datetime, timedelta
from zlib import crc32

from clinical.consent import REQUIRED_ELEMENTS
from schemas.base import Actor, Role
from schemas.consent import ConsentForm
from schemas.controlled_substance import DrugLot
from schemas.evaluation import AntidepressantTrial, Evaluation
from schemas.infusion import VitalSigns
from schemas.people import Contact, Person, Sex
from schemas.reevaluation import Assessment, Instrument
from schemas.referral import Referral, ReferralIdentifier
from schemas.screening import Medicine, Modality, Screening, WorkUp

STAFF: dict[Role, Actor] = {
    Role.CARE_COORDINATOR: Actor(id="cc-moreau", role=Role.CARE_COORDINATOR),
    Role.PSYCHIATRIST: Actor(id="dr-lee", role=Role.PSYCHIATRIST),
    Role.MEDICAL_SCREENER: Actor(id="dr-vega", role=Role.MEDICAL_SCREENER),
    Role.PRESCRIBER: Actor(id="dr-brandt", role=Role.PRESCRIBER),
    Role.NURSE: Actor(id="rn-quill", role=Role.NURSE),
    Role.MEDICAL_DIRECTOR: Actor(id="dr-okafor", role=Role.MEDICAL_DIRECTOR),
    Role.REMS_REPRESENTATIVE: Actor(id="rep-haas", role=Role.REMS_REPRESENTATIVE),
    Role.OPS: Actor(id="ops-night", role=Role.OPS),
    Role.PATIENT: Actor(id="patient", role=Role.PATIENT),
}
"""The synthetic clinic's people, one for each role."""

ESCORT = Contact(name="Barnaby Thistlewood", phone="+1-212-555-0101", relation="brother")
PROVIDER = Contact(name="Dr Ines Alvarado", phone="+1-212-555-0142", email="alvarado@pmhp.example")
QUERIED_BEFORE = timedelta(hours=1)
"""So long before a check-in the prescriber's delegate asks the monitoring programme."""
WEIGHT_KG = 70.0
DOSE_MG = 35.0


def patient(seed: int = 0, number: str = "") -> Person:
    """A synthetic patient, one for each seed and, where it is named, for each referral's number:
    two referrals are about two people, unless somebody means them to be about one."""
    given = ("Ottoline", "Casimir", "Philippa", "Leopold", "Marguerite", "Thaddeus")
    family = ("Thistlewood", "Quillfeather", "Ravenscroft", "Pennyworth", "Vandersloot")
    return Person(
        given_name=given[seed % len(given)],
        family_name=family[(seed // len(given)) % len(family)],
        birth_date=date(1984, 3, 9) - timedelta(days=37 * seed) + timedelta(days=_spread(number)),
        sex=Sex.FEMALE if seed % 2 == 0 else Sex.MALE,
        email=f"patient{seed}@mail.example",
        phone="+1-212-555-0177",
    )


def _spread(number: str) -> int:
    """Days within eleven years, from a referral's number."""
    return crc32(number.encode()) % 4_000 if number else 0


def referral(
    number: str, *, clinic: str = "north", seed: int = 0, training: bool = True
) -> Referral:
    """A complete referral under its own number."""
    return Referral(
        clinic=clinic,
        identifier=ReferralIdentifier(system="urn:example:referrals", value=number),
        patient=patient(seed, number),
        referrer=PROVIDER,
        primary_provider=PROVIDER,
        reason="Two antidepressants have not helped; please assess for ketamine.",
        training=training,
    )


def evaluation(now: datetime) -> Evaluation:
    """An eligible patient: two adequate trials failed, PHQ-9 of 19, a provider who shares care."""
    return Evaluation(
        evaluated_on=now.date(),
        episode_weeks=40,
        trials=(
            AntidepressantTrial(
                drug="sertraline", max_dose_mg=150, weeks_at_adequate_dose=10, adherence_percent=90
            ),
            AntidepressantTrial(
                drug="venlafaxine_xr",
                max_dose_mg=225,
                weeks_at_adequate_dose=8,
                adherence_percent=90,
            ),
        ),
        assessments=(phq9(19, now),),
        moderate_severe_attested=True,
        primary_provider=PROVIDER,
        safety_plan=True,
        summary="Major depressive episode of ten months; no psychosis, no mania.",
    )


def screening(now: datetime, *, finding: bool = False) -> Screening:
    """A complete work-up; `finding` adds a benzodiazepine above the alert threshold."""
    yesterday = now - timedelta(days=1)
    kinds = ("history_physical", "ecg", "lft", "ua", "uds", "cbc", "tsh", "pdmp", "bpic_ss", "moca")
    medicines: tuple[Medicine, ...] = (
        Medicine(name="sertraline", drug_class="ssri", dose_mg_per_day=150),
    )
    if finding:
        medicines += (
            Medicine(
                name="clonazepam", drug_class="benzodiazepine", lorazepam_equivalent_mg_per_day=3
            ),
        )
    return Screening(
        medicines=medicines,
        conditions=("hypertension",) if finding else (),
        work_up=tuple(
            WorkUp(
                kind=kind,
                taken_at=yesterday,
                result="negative" if kind == "uds" else "normal",
                value=1.0 if kind == "lft" else None,
            )
            for kind in kinds
        ),
        weight_kg=WEIGHT_KG,
        height_cm=172,
        systolic_mmhg=126,
        diastolic_mmhg=80,
        age_years=42,
    )


def consent(modality: Modality = Modality.IV_KETAMINE, *, maintenance: bool = False) -> ConsentForm:
    """Everything explained, understood and signed. `maintenance`: by the document of its own that
    the move to it asks for."""
    return ConsentForm(
        modality=modality,
        document_version="maintenance-2026-1" if maintenance else f"{modality.value}-2026-1",
        document_sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        elements=REQUIRED_ELEMENTS[modality],
        signer="Ottoline Thistlewood",
        capacity_attested_by="dr-lee",
        teach_back=True,
        copy_given=True,
    )


def lot(modality: Modality, now: datetime) -> DrugLot:
    """A lot that is in date for another year."""
    code = "KET-2231" if modality is Modality.IV_KETAMINE else "ESK-0417"
    return DrugLot(lot=code, expires_on=(now + timedelta(days=365)).date())


def phq9(total: int, taken_at: datetime) -> Assessment:
    """A PHQ-9 with this total and nothing in item 9."""
    items = [0] * 9
    for place in range(8):
        items[place] = min(3, total - sum(items))
    return Assessment(
        instrument=Instrument.PHQ9, items=tuple(items), taken_at=taken_at, completed_by="patient"
    )


def calm(now: datetime, *, systolic: int = 126, diastolic: int = 80, **more: object) -> VitalSigns:
    """A quiet reading, or one with another blood pressure."""
    return VitalSigns(
        **{
            "systolic_mmhg": systolic,
            "diastolic_mmhg": diastolic,
            "heart_rate_bpm": 74,
            "spo2_percent": 98,
            "respiratory_rate_per_min": 14,
            "temperature_c": 36.7,
            "moaas": 5,
            "cadss6": 0,
            "taken_at": now,
            **more,
        }
    )
