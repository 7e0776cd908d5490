"""What each command of a treatment day asks of the person who gives it, field by field."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from clinical.vital_rules import DISTRESS, EXPECTED_SYMPTOMS, PAUSE_SYMPTOMS, STOP_SYMPTOMS
from console.field import N_, Field, Form, Kind
from schemas import infusion
from schemas.adverse_event import ReportAdverseEvent
from schemas.screening import Modality

SPRAY: Final = Modality.ESKETAMINE
IV: Final = Modality.IV_KETAMINE
RISK: Final = ("none", "low", "moderate", "high")
CLINICIAN_ROLES: Final = (
    *("nurse", "prescriber", "medical_director", "psychiatrist", "medical_screener"),
)
SYMPTOMS: Final = (
    *sorted(STOP_SYMPTOMS),
    *sorted(PAUSE_SYMPTOMS | DISTRESS),
    *sorted(EXPECTED_SYMPTOMS),
)
MMHG: Final = "mmHg"


def _vital(name: str, label: str, unit: str = "", kind: Kind = Kind.WHOLE, hint: str = "") -> Field:
    return Field(f"vitals.{name}", kind, label, unit, hint=hint)


VITALS: Final = Form(
    "record_vitals",
    infusion.RecordVitals,
    N_("Record the reading"),
    (
        _vital("systolic_mmhg", N_("Systolic pressure"), MMHG),
        _vital("diastolic_mmhg", N_("Diastolic pressure"), MMHG),
        _vital("heart_rate_bpm", N_("Heart rate"), "/min"),
        _vital("spo2_percent", N_("Oxygen saturation"), "%"),
        _vital("respiratory_rate_per_min", N_("Breaths"), "/min"),
        _vital("moaas", N_("Sedation"), "MOAA/S 0-5", hint=N_("5: awake")),
        _vital("cadss6", N_("Dissociation"), "CADSS-6 0-24"),
        _vital("temperature_c", N_("Temperature"), "°C", Kind.NUMBER),
        _vital("weight_kg", N_("Weight"), "kg", Kind.NUMBER),
        Field("vitals.weight_confirmed_by", Kind.TEXT, N_("Weight read by a second person"),
              hint=N_("Only where the weight is far from the last one")),
        Field("vitals.symptoms", Kind.CHECKS, N_("Symptoms"), options=SYMPTOMS),
        Field("sedative_given_at", Kind.MOMENT, N_("Rescue sedative given at")),
    ),
)  # fmt: skip

PHQ9: Final = (
    N_("Little interest or pleasure"),
    N_("Feeling down or hopeless"),
    N_("Sleep"),
    N_("Tired, little energy"),
    N_("Appetite"),
    N_("Feeling bad about oneself"),
    N_("Concentrating"),
    N_("Slow or restless"),
    N_("Better off dead, or hurting oneself"),
)
"""What each of the nine questions is about, in the order of the form."""

CHECKED: Final[tuple[Field, ...]] = (
    Field("identity_confirmed", Kind.YES_NO, N_("Identity confirmed by two identifiers"),
          unasked="no"),
    Field("escort.name", Kind.TEXT, N_("Escort: name")),
    Field("escort.phone", Kind.TEXT, N_("Escort: telephone")),
    Field("escort_confirmed", Kind.YES_NO, N_("Escort confirmed for the way home")),
    Field("last_solids_at", Kind.MOMENT, N_("Last food")),
    Field("last_liquids_at", Kind.MOMENT, N_("Last drink")),
    Field("last_nasal_drug_at", Kind.MOMENT, N_("Last medicine into the nose"), modality=SPRAY),
    Field("medicines_reconciled", Kind.YES_NO, N_("Every medicine gone through")),
    Field("pregnancy_test_negative", Kind.YES_NO, N_("Pregnancy test of today negative"),
          hint=N_("Leave empty where none was made")),
    Field("mood_scale", Kind.SCALE, N_("PHQ-9 of today, each answer 0 to 3"), options=PHQ9,
          hint=N_("As the patient answered it today, before the dose")),
    Field("suicide_risk", Kind.CHOICE, N_("C-SSRS of today"), options=RISK),
    Field("emergency_kit_checked", Kind.YES_NO, N_("Emergency kit checked today")),
    Field("monitor_checked", Kind.YES_NO, N_("Power and monitor checked"), unasked="no"),
    Field("prescriber_on_site", Kind.YES_NO, N_("Prescriber on site")),
    Field("pulse_oximeter", Kind.YES_NO, N_("Pulse oximeter at the chair")),
    Field("consent_reconfirmed", Kind.YES_NO, N_("Consent confirmed again today")),
    Field("pdmp_queried_at", Kind.MOMENT, N_("Monitoring programme queried"),
          hint=N_("Prescription monitoring: by the prescriber or a delegate")),
    Field("observer", Kind.TEXT, N_("Observer"),
          hint=N_("The code of one nurse for this patient alone")),
    Field("observer_change", Kind.TEXT, N_("Why another observer than booked")),
)  # fmt: skip

CHECK_IN: Final = Form(
    "check_in",
    infusion.CheckIn,
    N_("Check the patient in"),
    (
        *CHECKED,
        Field("intoxicated", Kind.YES_NO, N_("Intoxicated, or a positive drug screen"),
              required=True),
        Field("new_medicines", Kind.CODES, N_("New medicines"), hint=N_("Codes, with commas")),
        Field("changes_since_last", Kind.CODES, N_("What has changed since the last session"),
              hint=N_("Codes, with commas: fever, surgery, admission...")),
    ),
)  # fmt: skip

SUPPLY: Final = Form(
    "supply_missing",
    infusion.SupplyMissing,
    N_("Supply what was missing"),
    (
        *(replace(f, unasked="") for f in CHECKED),
        Field("medicines_reviewed", Kind.YES_NO, N_("New medicines reviewed by me")),
        Field("suicide_risk_reviewed", Kind.YES_NO, N_("Suicide risk assessed by me")),
    ),
)  # fmt: skip

ORDER: Final = Form(
    "order_dose",
    infusion.OrderDose,
    N_("Sign the order of today"),
    (
        Field("dose_mg", Kind.NUMBER, N_("Dose"), "mg", required=True),
        Field("weight_kg", Kind.NUMBER, N_("Weight of today"), "kg"),
        Field("duration_min", Kind.WHOLE, N_("Duration"), "min", modality=IV),
        Field("co_signed_by", Kind.PERSON, N_("Co-signed by"), options=("prescriber",)),
        Field("note", Kind.LONG, N_("Note")),
    ),
)

START: Final = Form(
    "start_dosing",
    infusion.StartDosing,
    N_("Ask leave to start the dose"),
    (
        Field("lot.lot", Kind.TEXT, N_("Lot, as read from the vial or device"), required=True),
        Field("lot.expires_on", Kind.DAY, N_("Expires on")),
        Field("lot.product", Kind.CHOICE, N_("Product"), options=("ketamine", "esketamine"),
              required=True),
        Field("drawn_mg", Kind.NUMBER, N_("Drawn"), "mg", required=True),
    ),
)  # fmt: skip

DOWNTIME: Final[tuple[Field, ...]] = (
    Field("downtime.form", Kind.TEXT, N_("Number of the paper form"), required=True),
    Field("downtime.second_signature", Kind.PERSON, N_("Second signature"),
          options=CLINICIAN_ROLES, required=True),
    Field("downtime.reason", Kind.TEXT, N_("Reason"), required=True),
)  # fmt: skip
"""Asked besides while the record is away."""

PAUSE: Final = Form(
    "pause_dosing", infusion.PauseDosing, N_("Pause"),
    (Field("reason", Kind.TEXT, N_("Why it pauses"), required=True),),
)  # fmt: skip
RESUME: Final = Form(
    "resume_dosing", infusion.ResumeDosing, N_("Resume"),
    (Field("reason", Kind.TEXT, N_("Why it may go on"), required=True),),
)  # fmt: skip
STOP: Final = Form(
    "stop_dosing", infusion.StopDosing, N_("STOP"),
    (Field("reason", Kind.FIXED, value="stopped at the bedside"),),
)  # fmt: skip
WASTED: Final[tuple[Field, ...]] = (
    Field("waste.wasted_mg", Kind.NUMBER, N_("Wasted"), "mg"),
    Field("waste.witness", Kind.PERSON, N_("Witness of the waste"),
          options=(*CLINICIAN_ROLES, "pharmacist")),
)  # fmt: skip
GIVEN: Final = Form(
    "stop_dosing", infusion.StopDosing, N_("Write down what was given"),
    (
        Field("reason", Kind.FIXED, value="amount given, read after the stop"),
        Field("delivered_mg", Kind.NUMBER, N_("Given"), "mg", required=True),
        *WASTED,
    ),
)  # fmt: skip
END: Final = Form(
    "end_dosing", infusion.EndDosing, N_("Dosing has ended"),
    (
        Field("delivered_mg", Kind.NUMBER, N_("Given"), "mg", required=True),
        Field("devices", Kind.WHOLE, N_("Devices of 28 mg used"), modality=SPRAY),
        *WASTED,
    ),
)  # fmt: skip
WASTE: Final = Form(
    "record_waste", infusion.RecordWaste, N_("Record waste"),
    (
        Field("waste.wasted_mg", Kind.NUMBER, N_("Wasted"), "mg", required=True),
        Field("waste.witness", Kind.PERSON, N_("Witness of the waste"),
              options=(*CLINICIAN_ROLES, "pharmacist"), required=True),
        Field("reason", Kind.TEXT, N_("Reason")),
    ),
)  # fmt: skip
PRESENCE: Final = Form("renew_presence", infusion.RenewPresence, N_("I am with the patient"))
TAKE_OVER: Final = Form("take_over", infusion.TakeOver, N_("I take over, I am at the chair"))
HAND_OVER: Final = Form(
    "hand_over", infusion.HandOver, N_("Hand over"),
    (Field("to", Kind.PERSON, N_("To whom"), options=CLINICIAN_ROLES, required=True),),
)  # fmt: skip
ATTENDANT: Final = Form(
    "assign_attendant", infusion.AssignAttendant, N_("Send an attendant"),
    (Field("attendant", Kind.PERSON, N_("Who stays with the patient"), options=CLINICIAN_ROLES,
           required=True),),
)  # fmt: skip
ACKNOWLEDGE: Final = Form(
    "acknowledge_order", infusion.AcknowledgeOrder, N_("Seen, it is being carried out"),
    (Field("order_id", Kind.FIXED),),
)  # fmt: skip
PRESCRIBER_HERE: Final = Form(
    "supply_missing", infusion.SupplyMissing, N_("Tell whether a prescriber is on site"),
    (Field("prescriber_on_site", Kind.YES_NO, N_("Prescriber on site"), required=True),),
)  # fmt: skip
ADVERSE_EVENT: Final = Form(
    "report_adverse_event", ReportAdverseEvent, N_("Report an adverse event"),
    (
        Field("event.code", Kind.TEXT, N_("What happened, as a code"), required=True,
              hint=N_("For example: vomiting, syncope, hypertension")),
        Field("event.grade", Kind.CHOICE, N_("Grade"), options=("1", "2", "3", "4", "5"),
              required=True, hint=N_("1 mild, 2 moderate, 3 severe, 4 life-threatening, 5 death")),
        Field("event.serious", Kind.YES_NO, N_("Serious"), required=True),
        Field("event.description", Kind.LONG, N_("What was seen and done"), required=True),
        Field("event.began_at", Kind.MOMENT, N_("Began at")),
    ),
)  # fmt: skip

SIGNED: Final[tuple[Field, ...]] = (
    Field("escort_present", Kind.YES_NO, N_("The named escort is here"), required=True),
    Field("instructions_given", Kind.YES_NO,
          N_("Written instructions, after-hours number and 988 given"), required=True),
    Field("orientation", Kind.CHOICE, N_("Oriented (of 4: person, place, time, situation)"),
          options=("0", "1", "2", "3", "4"), required=True),
    Field("aldrete", Kind.WHOLE, N_("Modified Aldrete"), "0-10"),
    Field("gait_steady", Kind.YES_NO, N_("Walks steadily"), required=True),
    Field("nausea_controlled", Kind.YES_NO, N_("Nausea controlled, no vomiting"), required=True),
    Field("effects_gone", Kind.YES_NO, N_("The patient says that the effects are gone"),
          required=True),
    Field("suicide_risk", Kind.CHOICE, N_("C-SSRS since the last contact"), options=RISK,
          required=True),
    Field("disposition_by", Kind.PERSON, N_("High risk: where to go was decided by"),
          options=("psychiatrist",)),
    Field("line_removed", Kind.YES_NO, N_("The line is out, the site fine"), modality=IV,
          required=True),
    Field("waste_reconciled", Kind.YES_NO, N_("Drug waste reconciled"), required=True),
    Field("companion", Kind.YES_NO, N_("Somebody stays with the patient this evening")),
    Field("second_signature", Kind.PERSON, N_("Second signature"), options=CLINICIAN_ROLES),
)  # fmt: skip
UNASKED: Final = {"escort_present": "no", "instructions_given": "no"}
DISCHARGE: Final = Form(
    "discharge", infusion.Discharge, N_("Discharge: the patient goes home"), SIGNED
)
LEAVE: Final = Form(
    "discharge", infusion.Discharge, N_("The patient leaves all the same"),
    (
        Field("against_advice", Kind.YES_NO, N_("Leaves against advice")),
        Field("transferred_to", Kind.TEXT, N_("Transferred to (hospital)")),
        *(replace(f, required=False, unasked=UNASKED.get(f.path, "")) for f in SIGNED),
    ),
)  # fmt: skip
"""Never disabled: an ambulance waits for no criterion, and who leaves against advice is judged by
the engine on what that needs."""

FORMS: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "vitals": VITALS,
        "check-in": CHECK_IN,
        "supply": SUPPLY,
        "order": ORDER,
        "start": START,
        "pause": PAUSE,
        "resume": RESUME,
        "stop": STOP,
        "given": GIVEN,
        "end": END,
        "waste": WASTE,
        "presence": PRESENCE,
        "takeover": TAKE_OVER,
        "handover": HAND_OVER,
        "attendant": ATTENDANT,
        "acknowledgement": ACKNOWLEDGE,
        "prescriber": PRESCRIBER_HERE,
        "adverse-events": ADVERSE_EVENT,
        "discharge": DISCHARGE,
        "leave": LEAVE,
    }
)
"""`/console/sessions/{id}/<name>` -> its form."""
