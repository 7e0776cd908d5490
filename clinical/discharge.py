"""Discharge: every criterion met or not, with its value. A timer never discharges.

Fact sheet 4.6 (infusion) and 5.3 (nasal spray). Time only opens the review; a person signs.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from clinical.clinic_hours import closes_at
from clinical.decision_kind import DecisionKind
from clinical.discharge_readings import peak_criterion, reading_criteria
from clinical.nasal_spray import prescriber_needed
from clinical.parameters import Parameters
from schemas.base import Actor, Instant, Role, Value
from schemas.infusion import Criterion, Discharge, DischargeDecision, VitalSigns
from schemas.protocol import Clinic
from schemas.screening import Modality

CLINICIANS = frozenset(
    {Role.NURSE, Role.PRESCRIBER, Role.PSYCHIATRIST, Role.MEDICAL_DIRECTOR, Role.MEDICAL_SCREENER}
)
"""Who may sign a discharge. The engine and the patient may not."""

PHYSICIANS = frozenset({Role.PRESCRIBER, Role.PSYCHIATRIST, Role.MEDICAL_DIRECTOR})

PRESCRIBES = frozenset({Role.PRESCRIBER, Role.MEDICAL_DIRECTOR})
"""Whose own signature shows that a prescriber is on site (5.3)."""

KEPT_AGAINST_ADVICE = frozenset({"signature", "sedation", "orientation", "suicide_risk"})
"""What even leaving against advice needs: awake, oriented, risk assessed, a clinician (11.11)."""


def judge_discharge(
    command: Discharge,
    *,
    modality: Modality,
    dosing_ended_at: datetime,
    last_device_at: datetime | None = None,
    readings: Sequence[VitalSigns],
    baseline: VitalSigns | None,
    now: datetime,
    parameters: Parameters,
    sedative_given_at: datetime | None = None,
    prescriber_available: bool = True,
) -> DischargeDecision:
    """Whether this person may go. `readings`: since dosing ended, in any order. `baseline`: before
    the dose. `sedative_given_at`: a rescue sedative, which prolongs the observation (4.5).

    A transfer to hospital needs only a clinician; leaving against advice needs the criteria of
    `KEPT_AGAINST_ADVICE` and is an incident. Neither is ever the work of a timer.
    """
    opens_at = review_opens_at(
        modality,
        dosing_ended_at,
        parameters,
        last_device_at=last_device_at,
        sedative_given_at=sedative_given_at,
    )
    criteria = (
        _observed(now, dosing_ended_at, opens_at),
        *reading_criteria(readings, baseline, now, parameters, effects_gone=command.effects_gone),
        *_after_the_spray(readings, modality, last_device_at or dosing_ended_at, now, parameters),
        *_judged_by_hand(command, modality, parameters),
        *_prescriber(command, modality, parameters, prescriber_available=prescriber_available),
        _signature(command, prescriber_available=prescriber_available),
        *_second_signature(command, parameters),
    )
    return _decide(command, criteria)


def review_opens_at(
    modality: Modality,
    dosing_ended_at: datetime,
    parameters: Parameters,
    *,
    last_device_at: datetime | None = None,
    sedative_given_at: datetime | None = None,
) -> datetime:
    """When the discharge review opens: 60 min after an infusion, 2 h after the last spray device,
    and never less than 60 min after a rescue sedative. It opens; it does not discharge (4.6,
    5.3)."""
    rest = parameters.duration("iv.obs_min_after_end")
    if modality is Modality.IV_KETAMINE:
        opens_at = dosing_ended_at + rest
    else:
        anchor = max(dosing_ended_at, last_device_at or dosing_ended_at)
        opens_at = anchor + parameters.duration("esk.obs_min")
    return max(opens_at, sedative_given_at + rest) if sedative_given_at else opens_at


def long_review_at(
    modality: Modality, dosing_ended_at: datetime, parameters: Parameters
) -> datetime:
    """When a physician must assess somebody who still does not meet the criteria: 120 min after
    an infusion, 240 min after the spray (4.6)."""
    infusion = modality is Modality.IV_KETAMINE
    name = "iv.obs_long_review" if infusion else "esk.obs_long_review"
    return dosing_ended_at + parameters.duration(name)


def closing_page_at(
    dosing_ended_at: datetime, clinic: Clinic, parameters: Parameters
) -> datetime | None:
    """When somebody is paged because a patient is still here and the clinic closes soon: an hour
    before; None where it has no hours. Nobody is released alone for it, and overnight means a
    transfer (11.5)."""
    closes = closes_at(dosing_ended_at, clinic)
    return None if closes is None else closes - parameters.duration("dis.closing_page")


def _decide(command: Discharge, criteria: tuple[Criterion, ...]) -> DischargeDecision:
    met = {criterion.code for criterion in criteria if criterion.met}
    if all(criterion.met for criterion in criteria):
        incident = "transferred" if command.transferred_to else None
        return DischargeDecision(allowed=True, criteria=criteria, incident=incident)
    if command.transferred_to:
        signed = "signature" in met
        return DischargeDecision(allowed=signed, criteria=criteria, incident="transferred")
    if command.against_advice and met >= KEPT_AGAINST_ADVICE:
        early = "observation_time" not in met
        incident = "left_before_observation_ended" if early else "left_against_advice"
        return DischargeDecision(allowed=True, criteria=criteria, incident=incident)
    return DischargeDecision(allowed=False, criteria=criteria)


def _observed(now: datetime, dosing_ended_at: datetime, opens_at: datetime) -> Criterion:
    minutes = (now - dosing_ended_at) / timedelta(minutes=1)
    needed = (opens_at - dosing_ended_at) / timedelta(minutes=1)
    return Criterion(
        code="observation_time",
        met=now >= opens_at,
        text=f"Observed for at least {needed:.0f} min since dosing ended.",
        value=f"{minutes:.0f} min",
    )


def _after_the_spray(
    readings: Sequence[VitalSigns],
    modality: Modality,
    last_device_at: datetime,
    now: datetime,
    parameters: Parameters,
) -> tuple[Criterion, ...]:
    if modality is not Modality.ESKETAMINE:
        return ()
    return (peak_criterion(readings, last_device_at, now, parameters),)


def _judged_by_hand(
    command: Discharge, modality: Modality, parameters: Parameters
) -> tuple[Criterion, ...]:
    aldrete_min = parameters.number("dis.aldrete_min")
    ways = command.orientation
    oriented = ways is not None and ways >= parameters.number("dis.orientation")
    aldrete = command.aldrete
    line = (_stated("line_removed", command.line_removed, "The line is out, the site fine."),)
    return (
        _stated(
            "orientation",
            oriented,
            "Oriented in all four ways.",
            "not said" if ways is None else f"{ways}/4",
        ),
        _stated(
            "aldrete",
            aldrete is not None and aldrete >= aldrete_min,
            f"Modified Aldrete at least {aldrete_min:g}.",
            "not scored" if aldrete is None else str(aldrete),
        ),
        _stated("gait", command.gait_steady, "Walks steadily."),
        _stated("nausea", command.nausea_controlled, "Nausea controlled, no vomiting."),
        _suicide_risk(command),
        *(line if modality is Modality.IV_KETAMINE else ()),
        _stated("waste", command.waste_reconciled, "Drug waste reconciled."),
        _stated(
            "escort",
            command.escort_present or not parameters.flag("dis.escort_required"),
            "The named escort is here.",
        ),
        _stated(
            "instructions",
            command.instructions_given,
            "Written instructions, after-hours number and 988 given.",
        ),
    )


def _suicide_risk(command: Discharge) -> Criterion:
    by = command.disposition_by
    disposed = by is not None and by.role is Role.PSYCHIATRIST and by.id != command.actor.id
    risk = command.suicide_risk
    return _stated(
        "suicide_risk",
        risk is not None and (risk != "high" or disposed),
        "C-SSRS since last contact is not high, or a psychiatrist has decided where to go.",
        risk or "not assessed",
    )


def _prescriber(
    command: Discharge, modality: Modality, parameters: Parameters, *, prescriber_available: bool
) -> tuple[Criterion, ...]:
    """After the spray a prescriber is there to the end; one who signs is (5.3, 11.23)."""
    if not prescriber_needed(modality, parameters):
        return ()
    signed = bool({person.role for person in _signers(command)} & PRESCRIBES)
    text = "A prescriber is on site until the patient leaves."
    return (_stated("prescriber_on_site", prescriber_available or signed, text),)


def _signature(command: Discharge, *, prescriber_available: bool) -> Criterion:
    """A clinician signs; a nurse alone only with a prescriber at hand or a second signature, and
    for an ambulance at once."""
    actor = command.actor
    at_hand = prescriber_available or command.transferred_to is not None
    alone = actor.role in PHYSICIANS or at_hand or _seconded(command)
    return _stated(
        "signature",
        actor.role in CLINICIANS and alone,
        "A clinician signs, with a prescriber at hand or a second signature.",
        actor.role.value,
    )


def _second_signature(command: Discharge, parameters: Parameters) -> tuple[Criterion, ...]:
    """Two clinicians sign, where the protocol asks for both (4.6)."""
    if not parameters.flag("dis.two_signatures"):
        return ()
    second = command.second_signature
    value = second.role.value if second else "nobody"
    text = "A second, different clinician signs."
    return (_stated("second_signature", _seconded(command), text, value),)


def _signers(command: Discharge) -> tuple[Actor, ...]:
    second = command.second_signature
    return (command.actor,) if second is None else (command.actor, second)


def _seconded(command: Discharge) -> bool:
    second = command.second_signature
    return second is not None and second.id != command.actor.id and second.role in CLINICIANS


@lru_cache(maxsize=1024)
def _stated(code: str, met: bool, text: str, value: str | None = None) -> Criterion:
    shown = ("yes" if met else "no") if value is None else value
    return Criterion(code=code, met=met, text=text, value=shown)


class DischargeFacts(Value):
    """A discharge asked for at `now`, with the readings since dosing ended. mmHg, beats a minute,
    percent, breaths a minute."""

    command: Discharge
    modality: Modality
    dosing_ended_at: Instant
    last_device_at: Instant | None = None
    readings: tuple[VitalSigns, ...] = ()
    baseline: VitalSigns | None = None
    sedative_given_at: Instant | None = None
    prescriber_available: bool = True
    now: Instant


def _decide_facts(facts: DischargeFacts, parameters: Parameters) -> DischargeDecision:
    return judge_discharge(
        facts.command,
        modality=facts.modality,
        dosing_ended_at=facts.dosing_ended_at,
        last_device_at=facts.last_device_at,
        readings=facts.readings,
        baseline=facts.baseline,
        now=facts.now,
        parameters=parameters,
        sedative_given_at=facts.sedative_given_at,
        prescriber_available=facts.prescriber_available,
    )


DECISION = DecisionKind(
    name="discharge",
    facts=DischargeFacts,
    decide=_decide_facts,
    summary="Every discharge criterion, met or not, with its value.",
)
