"""After a missed session or a gap: who is called, what is refreshed, who decides.

Fact sheet 5.5 and edge cases 1 and 2.
"""

from datetime import timedelta

from clinical.parameters import Parameters
from schemas.base import Reason
from schemas.screening import Modality


def judge_missed(missed_in_row: int, parameters: Parameters) -> tuple[Reason, ...]:
    """What a missed session calls for; every reason is one thing to do. `missed_in_row` counts
    this one. Codes: `contact_patient`, `reoffer_session`, `hold_journey`, `psychiatrist_decides`
    (11.1).
    """
    hours = parameters.duration("noshow.contact") / timedelta(hours=1)
    fact = f"{missed_in_row} missed in a row"
    if missed_in_row <= 0:
        return ()
    reasons = [_reason("contact_patient", f"Reach the patient within {hours:g} h.", fact)]
    hold_after = parameters.integer("noshow.hold_after")
    if missed_in_row < min(hold_after, parameters.integer("noshow.max_consecutive")):
        again = f"Offer a new session within {parameters.number('noshow.reoffer_within'):g} h."
        return (*reasons, _reason("reoffer_session", again, fact))
    if missed_in_row >= hold_after:
        text = "Hold; a nurse calls; tell the primary mental-health provider."
        reasons.append(_reason("hold_journey", text, fact))
    if missed_in_row >= parameters.integer("noshow.max_consecutive"):
        text = "A psychiatrist decides whether to close or go on."
        reasons.append(_reason("psychiatrist_decides", text, fact))
    return tuple(reasons)


def provider_hears(missed_in_row: int, parameters: Parameters) -> bool:
    """Whether the primary provider is written to now: once, when missed sessions in a row come to
    the number that calls for a hold (11.2)."""
    return missed_in_row == parameters.integer("noshow.hold_after")


def judge_gap(
    gap: timedelta,
    modality: Modality,
    parameters: Parameters,
    *,
    in_induction: bool,
    planned_interval: timedelta,
) -> tuple[Reason, ...]:
    """What a gap since the last dose calls for before the next one (5.5). Codes: `prescriber_
    decides_restart`, `reassess`, `refresh_checks`, `consent_and_screening_again`."""
    days = gap / timedelta(days=1)
    fact = f"{days:.0f} days since the last dose"
    spray = modality is Modality.ESKETAMINE
    intervals = parameters.number("gap.reassess_intervals")
    rows = (
        (
            in_induction and spray and gap >= parameters.duration("gap.induction_restart"),
            "prescriber_decides_restart",
            "The prescriber decides whether induction begins again.",
        ),
        (
            not in_induction and gap > intervals * planned_interval,
            "reassess",
            "More than twice the planned interval: reassess.",
        ),
        (
            gap > parameters.duration("gap.refresh_after"),
            "refresh_checks",
            "Evaluate again; refresh pressure, medicines, pregnancy test, monitoring programme.",
        ),
        (
            gap > parameters.duration("consent.reconsent_gap"),
            "consent_and_screening_again",
            "New consent and full screening.",
        ),
    )
    return tuple(_reason(code, text, fact, "5.5") for fires, code, text in rows if fires)


def judge_spray_induction(
    missed: int, length: timedelta, parameters: Parameters
) -> tuple[Reason, ...]:
    """Whether the spray's induction still is one: up to 2 sessions missed, and all of it within 6
    weeks. `missed` so far; `length` from its first session to the last one planned. Past either,
    the prescriber decides whether induction begins again (5.5)."""
    most = parameters.integer("gap.induction_missed_max")
    longest = parameters.duration("gap.induction_window_max")
    weeks = longest / timedelta(weeks=1)
    rows = (
        (
            missed > most,
            "induction_missed_too_many",
            f"More than {most} missed in induction: the prescriber decides on a new one.",
            f"{missed} missed",
        ),
        (
            length > longest,
            "induction_too_long",
            f"Induction would take more than {weeks:g} weeks: the prescriber decides on a new one.",
            f"{length / timedelta(days=1):.0f} days",
        ),
    )
    return tuple(_reason(code, text, fact, "5.5") for fires, code, text, fact in rows if fires)


def _reason(code: str, text: str, fact: str, source: str = "11.1") -> Reason:
    return Reason(code=code, text=text, fact=fact, source=source)
