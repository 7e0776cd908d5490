"""Which results the screening needs and until when each holds, measured to the dosing time.

Fact sheet 2.3: a result that will have expired when dosing begins is missing, at booking and again
at check-in. A course is started on one set of windows and goes on by another: the history is kept
up by the check-in of every session, a drug screen is taken at random and for cause, liver tests and
urine are checked as often as maintenance asks (2.3, 7.4).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache

from clinical.contraindications import CARDIOVASCULAR
from clinical.interactions import classes_of
from clinical.parameters import Parameters
from schemas.base import Reason
from schemas.screening import Screening, WorkUp

REQUIRED: tuple[tuple[str, str, str], ...] = (
    ("history_physical", "screen.hp_valid", "History and physical examination"),
    ("ecg", "screen.ecg_valid", "12-lead ECG"),
    ("lft", "screen.lft_valid", "Liver tests"),
    ("ua", "screen.ua_valid", "Urinalysis"),
    ("uds", "screen.uds_valid", "Urine drug screen"),
)
"""(kind, parameter of its validity, words). Nothing is cleared without these."""

KEPT_UP = frozenset({"history_physical", "uds"})
"""What a course that goes on keeps up by itself: the history by the check-in of every session, the
drug screen at random and for cause."""

ADVISED: tuple[tuple[str, str, str], ...] = (
    ("cbc", "screen.cbc_tsh_valid", "Blood count"),
    ("tsh", "screen.cbc_tsh_valid", "Thyroid test"),
    ("luts", "mon.luts", "Bladder symptom score"),
    ("cognition", "mon.cognition", "Cognition baseline"),
    ("pdmp", "pdmp.repeat", "Prescription monitoring query"),
)
"""Baseline tests that the fact sheet lists and no clinic's file gates on: said, not gated."""

GOOD = frozenset({"normal", "negative", "within_limits", "clear"})
BAD = frozenset({"positive", "abnormal"})
READ = GOOD | BAD
"""The words of a test that somebody has read. In any other word it says nothing of the patient."""

NOT_DONE = frozenset({"pending", "not_done", "invalid", "refused"})
"""Words of a test that nobody has read yet, or ever will."""


def judge_work_up(
    screening: Screening, dosing_at: datetime, parameters: Parameters, *, running: bool = False
) -> tuple[tuple[Reason, ...], datetime | None]:
    """What is missing of the required results, and when the first of them expires (None while one
    is missing). A pregnancy test is owed too by anybody able to become pregnant; its own short
    validity is measured on the day of dosing, by the readiness gate (2.3). `running`: judged by the
    windows of a course that goes on, not of one that is started."""
    missing: list[Reason] = []
    ends: list[datetime] = []
    latest = _latest(screening.work_up, dosing_at)
    for kind, name, words in REQUIRED:
        validity = _validity(kind, name, screening, parameters, running=running)
        taken_at = latest.get(kind)
        if taken_at is None or (validity and taken_at + validity < dosing_at):
            missing.append(_missing(kind, words, taken_at, validity or timedelta(0)))
        elif validity:
            ends.append(taken_at + validity)
    if screening.can_become_pregnant and "hcg" not in latest:
        reason = _missing("hcg", "Pregnancy test", None, parameters.duration(_hcg(parameters)))
        missing.append(reason)
    return tuple(missing), (None if missing else min(ends))


def work_up_until(
    screening: Screening, dosing_at: datetime, parameters: Parameters, *, running: bool
) -> datetime | None:
    """When the first of the required results expires, of those taken by `dosing_at`, whether that
    lies before it or after; None where one was never done (2.3)."""
    latest = _latest(screening.work_up, dosing_at)
    ends = []
    for kind, name, _ in REQUIRED:
        validity = _validity(kind, name, screening, parameters, running=running)
        if kind not in latest:
            return None
        if validity:
            ends.append(latest[kind] + validity)
    return min(ends)


def advised_missing(
    screening: Screening, dosing_at: datetime, parameters: Parameters
) -> Iterator[Reason]:
    """Baseline tests that are advised and absent or out of date, and a pregnancy test that must be
    made again on the day (2.3, 11.40)."""
    latest = _latest(screening.work_up, dosing_at)
    for kind, name, words in ADVISED:
        validity = parameters.duration(name)
        taken_at = latest.get(kind)
        if taken_at is None or taken_at + validity < dosing_at:
            yield _missing(kind, words, taken_at, validity)
    tested_at = latest.get("hcg")
    holds = parameters.duration(_hcg(parameters))
    if screening.can_become_pregnant and tested_at and tested_at + holds < dosing_at:
        yield _missing("hcg", "The pregnancy test", tested_at, holds)


def standing_results(
    results: Iterable[WorkUp], dosing_at: datetime, parameters: Parameters
) -> dict[str, WorkUp]:
    """Of each kind the result that counts at the dose: the newest that was read. One that is
    pending, or in a word that nobody knows, takes nothing back; a positive is taken back by a
    later negative alone (2.3, 11.19)."""
    standing: dict[str, WorkUp] = {}
    for result in sorted(results, key=lambda r: (r.taken_at, is_bad(r, parameters))):
        read = result.result in READ or is_bad(result, parameters)
        if read and result.taken_at <= dosing_at:
            standing[result.kind] = result
    return standing


def unknown_results(results: Iterable[WorkUp], dosing_at: datetime) -> tuple[WorkUp, ...]:
    """Results in a word that nobody knows, since the last of their kind that was read (2.3)."""
    rows = [r for r in results if r.taken_at <= dosing_at]
    read_at = _latest(rows, dosing_at)
    unknown = [
        r
        for r in rows
        if r.result not in READ | NOT_DONE
        and (r.kind not in read_at or r.taken_at >= read_at[r.kind])
    ]
    return tuple(unknown)


def is_bad(result: WorkUp, parameters: Parameters) -> bool:
    """Whether a result speaks against a dose: by its word, or liver tests by their number (2.1)."""
    raised = result.kind == "lft" and result.value is not None
    limit = parameters.number("screen.alt_ast_hold_uln")
    return result.result in BAD or (raised and (result.value or 0.0) > limit)


def hcg_validity(*, first: bool, parameters: Parameters) -> timedelta:
    """How long a pregnancy test holds: 24 h before the first dose; later 24 h or 28 days, as the
    clinic's mode says (2.3)."""
    name = "screen.hcg_valid_first" if first else _hcg(parameters)
    return parameters.duration(name)


def _hcg(parameters: Parameters) -> str:
    monthly = parameters.choice("screen.hcg_mode") == "28d"
    return "screen.hcg_valid_repeat" if monthly else "screen.hcg_valid_first"


def liver_raised(screening: Screening | None, parameters: Parameters) -> bool:
    """Whether a liver test was out of range: then they are due every 3 months (7.4)."""
    results = screening.work_up if screening else ()
    return any(result.kind == "lft" and is_bad(result, parameters) for result in results)


def _validity(
    kind: str, name: str, screening: Screening, parameters: Parameters, *, running: bool
) -> timedelta | None:
    """How long a result holds; None where nothing ends it while a course goes on."""
    if running and kind in KEPT_UP:
        return None
    if running and kind == "lft" and not liver_raised(screening, parameters):
        return parameters.duration("mon.lft")
    validity = parameters.duration(name)
    if kind != "ecg":
        return validity
    conditions = {*screening.conditions, *(d.condition for d in screening.dated_conditions)}
    classes = {c for m in screening.medicines for c in classes_of(m.name, m.drug_class)}
    if conditions & CARDIOVASCULAR or "qt_prolonging" in classes:
        return min(validity, parameters.duration("screen.ecg_valid_cv_risk"))
    return validity


def _latest(results: Sequence[WorkUp], dosing_at: datetime) -> dict[str, datetime]:
    """When each kind of test was last done, and read, before the dose."""
    latest: dict[str, datetime] = {}
    for r in results:
        if r.result in READ and r.taken_at <= dosing_at:
            known = latest.get(r.kind)
            if known is None or r.taken_at > known:
                latest[r.kind] = r.taken_at
    return latest


def _missing(kind: str, words: str, taken_at: datetime | None, validity: timedelta) -> Reason:
    if taken_at is None:
        return _never_done(kind, words)
    days = validity / timedelta(days=1)
    text = f"{words} will have expired at the dosing time (valid {days:g} days)."
    fact = taken_at.date().isoformat()
    return Reason(code=f"{kind}_expired", text=text, fact=fact, source="2.3")


@cache
def _never_done(kind: str, words: str) -> Reason:
    return Reason(code=f"{kind}_missing", text=f"{words} is needed.", source="2.3")
