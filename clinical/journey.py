"""The treatment plan as one table: from each phase, what may happen and where it leads.

Nothing else decides where a journey goes. The diagram in `docs/journey.md` is drawn from here.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from schemas.journey import Event, Phase

_STEPS: dict[tuple[Phase, Event], Phase] = {
    (Phase.REFERRAL, Event.TRIAGED): Phase.PSYCH_EVAL,
    (Phase.REFERRAL, Event.REFERRAL_DECLINED): Phase.DISCONTINUE_REFER,
    (Phase.PSYCH_EVAL, Event.ELIGIBLE): Phase.MED_SCREEN,
    (Phase.PSYCH_EVAL, Event.NOT_ELIGIBLE): Phase.DISCONTINUE_REFER,
    (Phase.MED_SCREEN, Event.MEDICALLY_CLEARED): Phase.CONSENT,
    (Phase.MED_SCREEN, Event.CONTRAINDICATED): Phase.DISCONTINUE_REFER,
    (Phase.CONSENT, Event.CONSENT_SIGNED): Phase.SCHEDULED,
    (Phase.CONSENT, Event.CONSENT_DECLINED): Phase.DISCONTINUE_REFER,
    (Phase.SCHEDULED, Event.CLEARED_AND_BOOKED): Phase.INFUSION_SERIES,
    (Phase.SCHEDULED, Event.CLEARANCE_REFUSED): Phase.DISCONTINUE_REFER,
    (Phase.INFUSION_SERIES, Event.SERIES_FINISHED): Phase.REEVALUATION,
    (Phase.INFUSION_SERIES, Event.SERIES_STOPPED): Phase.REEVALUATION,
    (Phase.REEVALUATION, Event.EXTEND_CHOSEN): Phase.INFUSION_SERIES,
    (Phase.REEVALUATION, Event.TAPER_CHOSEN): Phase.TAPER,
    (Phase.REEVALUATION, Event.MAINTENANCE_CHOSEN): Phase.MAINTENANCE,
    (Phase.REEVALUATION, Event.SWITCH_CHOSEN): Phase.SWITCH_ESKETAMINE,
    (Phase.REEVALUATION, Event.DISCONTINUE_CHOSEN): Phase.DISCONTINUE_REFER,
    (Phase.TAPER, Event.TAPERED_OFF): Phase.FOLLOW_UP,
    (Phase.TAPER, Event.RELAPSED): Phase.REEVALUATION,
    (Phase.TAPER, Event.SERIES_STOPPED): Phase.REEVALUATION,
    (Phase.MAINTENANCE, Event.REVIEW_DUE): Phase.REEVALUATION,
    (Phase.MAINTENANCE, Event.RELAPSED): Phase.REEVALUATION,
    (Phase.MAINTENANCE, Event.SERIES_STOPPED): Phase.REEVALUATION,
    (Phase.SWITCH_ESKETAMINE, Event.REVIEW_DUE): Phase.REEVALUATION,
    (Phase.SWITCH_ESKETAMINE, Event.RELAPSED): Phase.REEVALUATION,
    (Phase.SWITCH_ESKETAMINE, Event.SERIES_STOPPED): Phase.REEVALUATION,
    (Phase.DISCONTINUE_REFER, Event.REFERRED_ONWARD): Phase.FOLLOW_UP,
    (Phase.FOLLOW_UP, Event.FOLLOWED_UP): Phase.CLOSED,
    (Phase.FOLLOW_UP, Event.RELAPSED): Phase.REEVALUATION,
}

_ENDING = (Phase.DISCONTINUE_REFER, Phase.FOLLOW_UP)


def _with_interruptions() -> dict[tuple[Phase, Event], Phase]:
    """Holds, withdrawal and closing may come in any open phase; they never shorten an ending."""
    table = dict(_STEPS)
    for phase in Phase:
        if phase is Phase.CLOSED:
            continue
        ending = phase in _ENDING
        table[phase, Event.CONSENT_WITHDRAWN] = phase if ending else Phase.DISCONTINUE_REFER
        table[phase, Event.CLOSE_REQUESTED] = Phase.FOLLOW_UP
        if phase is not Phase.ON_HOLD:
            table[phase, Event.HELD] = Phase.ON_HOLD
    return table


TABLE: Mapping[tuple[Phase, Event], Phase] = MappingProxyType(_with_interruptions())
"""(phase, event) -> phase. ON_HOLD + RESUMED is the one step that depends on memory: it leads
back to the phase the hold was entered from (`next_phase`)."""

INTERRUPTIONS = frozenset({Event.HELD, Event.CONSENT_WITHDRAWN, Event.CLOSE_REQUESTED})
"""Events that pre-empt whatever a phase is waiting for."""

DOSING_PHASES = frozenset(
    {Phase.INFUSION_SERIES, Phase.TAPER, Phase.MAINTENANCE, Phase.SWITCH_ESKETAMINE}
)


def next_phase(phase: Phase, event: Event, back_to: Phase | None = None) -> Phase | None:
    """Where `event` leads from `phase`; None where it means nothing there.

    `back_to`: the phase a hold was entered from; needed only to leave ON_HOLD.
    """
    if phase is Phase.ON_HOLD and event is Event.RESUMED:
        return back_to
    return TABLE.get((phase, event))


def events_of(phase: Phase) -> tuple[Event, ...]:
    """What may happen in a phase, in the table's order."""
    found = [event for (at, event) in TABLE if at is phase]
    if phase is Phase.ON_HOLD:
        found.append(Event.RESUMED)
    return tuple(found)


def diagram() -> str:
    """`docs/journey.md`: the table drawn as a Mermaid state diagram with a table twin."""
    lines = [
        "# The journey, drawn from its table",
        "",
        "Generated from `clinical/journey.py` by `make docs`; do not edit.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        "    [*] --> REFERRAL",
        *(f"    {at} --> {to}: {event}" for at, event, to in _drawn()),
        "    CLOSED --> [*]",
        "```",
        "",
        "From every open phase a hold leads to `ON_HOLD` and back; withdrawal of consent leads to",
        "`DISCONTINUE_REFER` (an ending already under way goes on); closing leads to `FOLLOW_UP`,",
        "so that safety follow-ups already owed are still made.",
        "",
        "| phase | event | leads to |",
        "|---|---|---|",
        *(f"| {at} | {event} | {to} |" for (at, event), to in TABLE.items()),
        "| ON_HOLD | resumed | the phase the hold was entered from |",
        "",
    ]
    return "\n".join(lines)


def _drawn() -> Iterator[tuple[Phase, Event, Phase]]:
    for (at, event), to in _STEPS.items():
        yield at, event, to
