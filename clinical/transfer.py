"""Treatment given elsewhere: whether it can be true, and how much of a series it leaves to give.

Clinical fact sheet, edge case 37: doses, responses and events come along with their source and
count on; screening, consent and the site's own certification do not: they are made anew here.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from schemas.base import Reason
from schemas.reevaluation import Score
from schemas.transfer import CarriedDose, TransferHistory


def judge_history(history: TransferHistory, now: datetime) -> tuple[Reason, ...]:
    """Why this history cannot be true; empty when it can. Fact sheet 11.37."""
    return tuple(_problems(history, now))


def left_of_series(history: TransferHistory, target: int) -> int:
    """How many infusions of the acute series are still to be given here: none to who had finished
    it or was beyond it, so that a reevaluation comes first. Fact sheet 11.37."""
    if history.course not in (None, "induction"):
        return 0
    return max(0, target - history.series_done)


def _problems(history: TransferHistory, now: datetime) -> Iterator[Reason]:
    if any(at > now for at in _moments(history)):
        yield _reason("history_in_future", "something of this history lies in the future")
    days = Counter((dose.modality, dose.number) for dose in history.doses)
    if any(count > 1 for count in days.values()):
        yield _reason("dose_told_twice", "two doses of one medicine have the same number")
    if list(history.doses) != sorted(history.doses, key=_when):
        yield _reason("doses_out_of_order", "doses are told in the order in which they were given")
    if history.series_done > len(history.doses):
        yield _reason("doses_missing", "more infusions counted than doses are told")
    if history.doses and not history.baseline:
        yield _reason(
            "baseline_missing", "a response compares with the score before the first dose"
        )


def _moments(history: TransferHistory) -> Iterator[datetime]:
    yield from map(_when, history.doses)
    yield from map(_taken, (*history.baseline, *history.scores))
    yield from (consent.signed_at for consent in history.consents)
    yield from (event.at for event in history.adverse_events)


def _when(dose: CarriedDose) -> datetime:
    return dose.dosed_at


def _taken(score: Score) -> datetime:
    return score.taken_at


def _reason(code: str, text: str) -> Reason:
    return Reason(code=code, text=text, source="fact sheet 11.37")
