"""A session was missed: what the rules call for, which dates would follow, what a person decides.

Clinical fact sheet, 5.5 and edge cases 1 and 2.
"""

from datetime import datetime, time, timedelta

from clinical.clinic_hours import at_local, local_date
from clinical.course import finished, window_ends_at
from clinical.course_gates import gap_before, in_induction
from clinical.missed_sessions import judge_missed, judge_spray_induction, provider_hears
from clinical.schedule import replan_missed
from schemas.approval import ApprovalKind, TaskStatus
from schemas.base import Reason, Role
from schemas.event import EventKind
from schemas.health_record import Milestone
from schemas.infusion import SessionPhase
from schemas.journey import Event, Series
from schemas.schedule import Replan
from schemas.screening import Modality
from workflows.aftercare import prior_risk
from workflows.hold import hold_for_misses
from workflows.schedule import doses_at, in_words, upcoming
from workflows.story import Interrupted, Story
from workflows.welfare_check import ask_welfare_check, welfare_key

REBOOK, HOLD = "rebook", "hold"
MISSED = "missed"


async def rebook(story: Story, series: Series) -> bool:
    """A person reaches the patient and decides: rebook, hold where the rule says so, or stop the
    series (False). Raises `Interrupted` for a hold."""
    missed = judge_missed(series.missed_in_row, story.parameters)
    codes = {reason.code for reason in missed}
    key = f"missed-{len(story.state.sessions)}"
    if story.tasks.find(key) is None:
        _tell_of_it(story, series, key)
    task = await story.ask(
        ApprovalKind.MISSED_SESSION,
        key,
        "Session missed: reach the patient, then rebook or stop the series",
        slots=(Role.PSYCHIATRIST,) if "psychiatrist_decides" in codes else None,
        options=(REBOOK, HOLD) if "hold_journey" in codes else (),
        evidence=_evidence(story, series, missed),
    )
    series.miss_unresolved = False
    story.tasks.cancel(welfare_key(MISSED, key))
    if task.status is not TaskStatus.APPROVED:
        return False
    if task.votes[-1].choice == HOLD:
        hold_for_misses(story, task.votes[-1].actor)
        raise Interrupted(Event.HELD)
    _apply(story, series, missed)
    return True


def gap_reasons(story: Story, series: Series, at: datetime) -> tuple[Reason, ...]:
    """What the gap from the last dose to one at `at` calls for; nothing before the first dose."""
    return gap_before(story.state, series, at, story.parameters)


def plan_the_rest(story: Story, series: Series) -> None:
    """Where a hold, a closure or a day that did not count has used up dates of an infusion series,
    the rest is planned anew in its window; what no longer fits goes to the reevaluation (4.1, 11.1,
    11.44)."""
    left = len(series.planned) - series.position
    passed = left > 0 and series.planned[series.position] < story.clock.now()
    ends_at = window_ends_at(story.state, series, story.parameters)
    late = ends_at is not None and upcoming(story, series)[1] > ends_at
    wanting = series.planned and (passed or late or left < series.target - series.done)
    if series.course == "induction" and wanting and not finished(series):
        _apply(story, series, ())


def replan(story: Story, series: Series, after: datetime | None = None) -> Replan | None:
    """New dates for an infusion series, from the day after now or `after`; None for a course
    without a window."""
    if series.course != "induction":
        return None
    now, clinic = story.clock.now(), story.state.clinic
    doses = doses_at(story)
    mine = [at for at in doses if series.began_at is None or at >= series.began_at]
    last_day = local_date(max(now, after or now), clinic)
    return replan_missed(
        now,
        clinic,
        story.parameters,
        now=at_local(last_day + timedelta(days=1), time(0), clinic),
        remaining=max(0, series.target - series.done),
        last_dose_at=doses[-1] if doses else None,
        began_at=mine[0] if mine else None,
    )


def take_dates(series: Series, fresh: Replan) -> None:
    """The series goes on by these dates; what no longer fits its window goes to the reevaluation
    with what there is."""
    series.planned, series.position = fresh.dates, 0
    if not fresh.fits:
        series.target = series.done + len(fresh.dates)


def _tell_of_it(story: Story, series: Series, key: str) -> None:
    """Once for each missed session: who else has to know."""
    if provider_hears(series.missed_in_row, story.parameters):
        story.letters.owe(Milestone.SESSIONS_MISSED)
    if prior_risk(story):
        # Somebody at risk who did not come: looked for as soon as the call is overdue.
        ask_welfare_check(
            story,
            key,
            MISSED,
            {"risk_flag": "missed a session, and has shown a suicide risk before"},
            opens_at=story.clock.now() + story.parameters.duration("noshow.contact"),
        )


def _evidence(story: Story, series: Series, missed: tuple[Reason, ...]) -> dict[str, str]:
    """What the person who decides sees, and what stays on record with the task."""
    fresh = replan(story, series)
    dates = _dates(story, series, fresh)
    reasons = (
        *missed,
        *gap_reasons(story, series, dates[0]),
        *_spray_induction(story, series, dates[-1]),
    )
    return {
        **in_words((*reasons, *(fresh.reasons if fresh else ()))),
        "proposed_dates": ", ".join(at.isoformat() for at in dates),
    }


def _spray_induction(story: Story, series: Series, last: datetime) -> tuple[Reason, ...]:
    """Whether the spray's induction still is one when it goes on up to `last`."""
    if series.modality is not Modality.ESKETAMINE or not in_induction(
        story.state, series, story.parameters
    ):
        return ()
    began = series.began_at or story.clock.now()
    mine = [
        session
        for session in story.state.sessions
        if session.modality is Modality.ESKETAMINE and session.scheduled_at >= began
    ]
    missed = sum(session.phase is SessionPhase.MISSED for session in mine)
    first = min((session.scheduled_at for session in mine), default=last)
    ends = max(last, *series.planned) if series.planned else last
    return judge_spray_induction(missed, ends - first, story.parameters)


def _apply(story: Story, series: Series, missed: tuple[Reason, ...]) -> None:
    """The series goes on by the dates that now hold; the count stays as it was."""
    fresh = replan(story, series)
    if fresh is not None:
        take_dates(series, fresh)
    dates = fresh.dates if fresh else _dates(story, series, None)
    story.recorder.note(
        EventKind.SESSION_REBOOKED,
        {
            "course": series.course,
            "done": series.done,
            "missed_in_row": series.missed_in_row,
            "reasons": [reason.code for reason in (*missed, *(fresh.reasons if fresh else ()))],
            "fits": fresh.fits if fresh else True,
            "dates": [at.isoformat() for at in dates],
        },
    )


def _dates(story: Story, series: Series, fresh: Replan | None) -> tuple[datetime, ...]:
    if fresh is not None and fresh.dates:
        return fresh.dates
    return (upcoming(story, series)[1],)
