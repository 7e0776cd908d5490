"""The prescriber on site while the spray works: one who leaves is an incident, and another has to
come before dosing goes on or anybody goes home (5.3, edge case 23).
"""

from clinical.nasal_spray import prescriber_needed
from schemas.approval import EntryKind
from schemas.base import SYSTEM, Reason, Role
from schemas.event import EventKind
from schemas.infusion import SessionPhase, SupplyMissing
from workflows.session_state import AFTER_DOSE, ON_SITE, UNDER_DOSE
from workflows.supervision import ENVELOPE, SUPPLY, Reasons, Supervision

ON_SITE_AGAIN = f"{SUPPLY}prescriber_on_site"
INCIDENT = "prescriber_left"
TOLD = (Role.NURSE, Role.MEDICAL_DIRECTOR)
ONLY_THE_PRESCRIBER = Reason(
    code="not_checked_in",
    text="once the dose begins only the prescriber's leaving or coming is told this way",
)
NOBODY_ON_SITE = Reason(
    code="prescriber_on_site", text="no prescriber is on site: dosing does not go on", source="5.3"
)


def tells_of_it(day: Supervision, command: SupplyMissing) -> bool:
    """Whether this says, once the dose has begun or is about to start, that the prescriber left or
    that one is here."""
    under_watch = day.state.phase in UNDER_DOSE | AFTER_DOSE or _starting(day)
    return under_watch and command.prescriber_on_site is not None


def judge_told(_day: Supervision, command: SupplyMissing) -> Reasons:
    """Nothing else is supplied in the same breath: the gate lies behind this patient."""
    said = command.model_dump(exclude=ENVELOPE, exclude_defaults=True)
    return () if set(said) == {"prescriber_on_site"} else (ONLY_THE_PRESCRIBER,)


def told(day: Supervision, command: SupplyMissing) -> None:
    """Said twice it changes nothing, and is on record as said."""
    here, left = bool(command.prescriber_on_site), _away(day)
    kind = EventKind.PRESCRIBER_PRESENT if here else EventKind.PRESCRIBER_LEFT
    needed = prescriber_needed(day.state.plan.modality, day.parameters)
    incident = needed and not here and not left
    day.note(kind, command, {"incident": INCIDENT} if incident else {})
    _keep(day, here=here)
    if here:
        day.tasks.enter(ON_SITE_AGAIN, command)
        day.state.tasks.pop(ON_SITE_AGAIN, None)  # whoever leaves next is asked for again
    elif incident:
        _incident(day)
    if _starting(day):
        day.rejudge()  # a start that is on its way is judged once more, by this


def judge_going_on(day: Supervision) -> Reasons:
    """Why a paused spray does not go on; nothing for an infusion."""
    needed = prescriber_needed(day.state.plan.modality, day.parameters)
    return (NOBODY_ON_SITE,) if needed and day.state.prescriber_left else ()


def _starting(day: Supervision) -> bool:
    """Leave to start is asked for and the dose log is on its way; the gate is judged by what the
    check-in says, as last supplied."""
    return day.state.starting and day.state.phase in ON_SITE


def _away(day: Supervision) -> bool:
    check_in = day.state.check_in
    if _starting(day) and check_in is not None:
        return not check_in.prescriber_on_site
    return day.state.prescriber_left


def _keep(day: Supervision, *, here: bool) -> None:
    check_in = day.state.check_in
    if _starting(day) and check_in is not None:
        day.state.check_in = check_in.model_copy(update={"prescriber_on_site": here})
    else:
        day.state.prescriber_left = not here


def _incident(day: Supervision) -> None:
    """The next device waits; people are told at once, and a prescriber is asked to come."""
    if day.state.phase is SessionPhase.DOSING:
        day.pause(SYSTEM, INCIDENT)
    for role in TOLD:
        occurrence = f"{INCIDENT}-{day.state.version}-{role.value}"
        day.alert(role, "safety_alert", occurrence, alert=INCIDENT)
    day.tasks.open(
        EntryKind.SUPPLY_MISSING,
        ON_SITE_AGAIN,
        "Missing during the observation: prescriber_on_site",
        slots=(Role.PRESCRIBER,),
        evidence={"missing": "prescriber_on_site", "text": NOBODY_ON_SITE.text},
        session_id=day.state.plan.session_id,
    )
