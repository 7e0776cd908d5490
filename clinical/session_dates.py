"""Sessions laid out over a clinic's calendar: by offsets from the first, or one after another.

Spacing and windows: clinical fact sheet, sections 4.1, 5.2 and 7.4.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from itertools import accumulate, count

from clinical.clinic_hours import at_local, local_date
from clinical.parameters import Parameters
from clinical.readiness import session_length
from clinical.slots import Spacing, clock_of, slot_from
from schemas.protocol import Clinic
from schemas.screening import Modality

STEPS = {1: (7,), 2: (3, 4), 3: (2, 2, 3)}
"""Days from one session to the next, for so many a week (4.1)."""


def arrival_at(scheduled_at: datetime, parameters: Parameters) -> datetime:
    """When the patient is asked to come: the arrival lead before the slot (4.2)."""
    return scheduled_at - parameters.duration("arrival.lead")


def day_ends_at(scheduled_at: datetime, parameters: Parameters) -> datetime:
    """Until when somebody checked in and never dosed is kept waiting: not overnight (4.2)."""
    return scheduled_at + parameters.duration("arrival.day_ends")


def infusion_spacing(parameters: Parameters) -> Spacing:
    """At least 48 h apart and at most three in any seven days of elapsed time (4.1)."""
    return Spacing(parameters.duration("iv.min_interval"), parameters.integer("iv.max_per_7d"))


def infusion_days(parameters: Parameters) -> Iterator[int]:
    """Day offsets from the first infusion, without end (4.1)."""
    steps = STEPS[parameters.integer("iv.freq_per_week")]
    return accumulate((steps[n % len(steps)] for n in count()), initial=0)


def spray_days(parameters: Parameters, weeks: int) -> Iterator[int]:
    """Day offsets from the first spray, by the label (5.2)."""
    twice = parameters.integer("esk.induction_weeks")
    weekly = twice + parameters.integer("esk.opt_weeks")
    for week in range(min(weeks, twice)):
        yield week * 7
        yield week * 7 + STEPS[2][0]
    for week in range(twice, min(weeks, weekly)):
        yield week * 7
    apart = parameters.integer("esk.maint_interval")
    first = (weekly - 1) * 7 + apart
    yield from range(first, weeks * 7, apart)


def plan_at_offsets(
    first_not_before: datetime,
    clinic: Clinic,
    offsets: Iterator[int],
    spacing: Spacing,
    *,
    length: timedelta,
    done: Sequence[datetime] = (),
) -> tuple[datetime, ...]:
    """Sessions at day offsets from the first, each no earlier than spacing allows (4.1, 5.2)."""
    planned: list[datetime] = []
    first_on, preferred = local_date(first_not_before, clinic), None
    for offset in offsets:
        wished = first_not_before
        if preferred is not None:
            wished = at_local(first_on + timedelta(days=offset), preferred, clinic)
        allowed = spacing.earliest([*done, *planned], clinic)
        earliest = wished if allowed is None else max(wished, allowed)
        found = slot_from(earliest, clinic, length=length, preferred=preferred)
        if found is None:
            break
        if not planned:
            first_on, preferred = local_date(found, clinic), clock_of(found, clinic)
        planned.append(found)
    return tuple(planned)


def plan_chain(
    last_dose_at: datetime,
    clinic: Clinic,
    parameters: Parameters,
    days_apart: Sequence[int],
    not_before: datetime | None,
    *,
    modality: Modality = Modality.IV_KETAMINE,
) -> tuple[datetime, ...]:
    """Sessions each so many calendar days after the one before, at the same clock time (7.4)."""
    length = session_length(modality, parameters)
    clock = clock_of(last_dose_at, clinic)
    gap = parameters.duration("iv.min_interval")
    planned: list[datetime] = []
    last = last_dose_at
    for days in days_apart:
        due_on = local_date(last, clinic) + timedelta(days=days)
        earliest = max(at_local(due_on, time(0), clinic), last + gap)
        if not_before is not None:
            earliest = max(earliest, not_before)
        found = slot_from(earliest, clinic, length=length, preferred=clock)
        if found is None:
            break
        planned.append(found)
        last = found
    return tuple(planned)
