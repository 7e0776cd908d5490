"""Scores, response, remission and suicide risk on both sides of each number (fact sheet 6)."""

from datetime import timedelta

import pytest

from clinical.instruments import score as score_of
from clinical.parameters import Parameters
from clinical.response import in_remission, response
from clinical.suicide_risk import triage_journal, triage_scores
from schemas.journal import WriteJournal
from schemas.reevaluation import Assessment, Instrument, Score
from tests.clinical.boundaries.rows import (
    NURSE,
    T0,
    Fires,
    Row,
    both,
    lasts,
    score,
)


def fell(level: str, instrument: Instrument = Instrument.GAD7) -> Fires:
    """A score that fell by so many percent."""

    def fires(value: float, p: Parameters) -> bool:
        now = score(instrument, 100 - value)
        return response(score(instrument, 100), now, p).level.value == level

    return fires


def worse(value: float, p: Parameters) -> bool:
    """A PHQ-9 that rose by so many points, a rise too small to count in percent."""
    before, now = score(Instrument.PHQ9, 100), score(Instrument.PHQ9, 100 + value)
    return response(before, now, p).level == "worsening"


def remits(instrument: Instrument) -> Fires:
    return lambda value, p: in_remission(score(instrument, value), p)


def blank(value: float, p: Parameters) -> bool:
    """A PHQ-9 with so many blanks can be scored."""
    items = (*(None,) * int(value), *(1,) * (9 - int(value)))
    return isinstance(score_of(Assessment(instrument="phq9", items=items), T0, p), Score)


def ahead(value: float, p: Parameters) -> bool:
    """A score from a device whose clock is so many minutes ahead is refused."""
    taken = Assessment(instrument="phq9", total=9, taken_at=T0 + timedelta(minutes=value))
    return not isinstance(score_of(taken, T0, p), Score)


def at_risk(instrument: Instrument) -> Fires:
    return lambda value, p: (
        triage_scores((score(instrument, 0, int(value)),), p).level.value != "none"
    )


def answer_within(name: str, item9: int) -> Fires:
    """How long an answer to item 9 of the PHQ-9 gives somebody to respond."""
    return lasts(
        name,
        lambda p: triage_scores((score(Instrument.PHQ9, 9, item9),), p).respond_within,
    )


ENTRY = WriteJournal(command_id="j", actor=NURSE, suicidal_thoughts=1)
TABLE = (
    Row("instr.response", ">=", 1, fell("response")),
    Row("instr.partial_min", ">=", 1, lambda v, p: not fell("non_response")(v, p)),
    Row("instr.worsening_pct", ">=", 1, lambda v, p: fell("worsening")(-v, p)),
    Row("instr.worsening_phq9", ">=", 1, worse),
    Row("instr.remission_phq9", "<", 1, remits(Instrument.PHQ9)),
    Row("instr.remission_qids", "<=", 1, remits(Instrument.QIDS_SR16)),
    Row("instr.remission_madrs", "<=", 1, remits(Instrument.MADRS)),
    Row("instr.prorate_missing", "<=", 1, blank),
    Row("instr.clock_skew", ">", 1, ahead),
    Row("risk.qids_item12", ">=", 1, at_risk(Instrument.QIDS_SR16)),
    Row("risk.madrs_item10", ">=", 1, at_risk(Instrument.MADRS)),
    Row("instr.item9_eq1_sla", ">=", 0.5, answer_within("instr.item9_eq1_sla", 1)),
    Row("instr.item9_eq2_sla", ">=", 0.5, answer_within("instr.item9_eq2_sla", 2)),
    Row("instr.item9_eq3_sla", ">=", 0.25, answer_within("instr.item9_eq3_sla", 3)),
    Row("risk.oncall_ack", ">=", 1,
        lasts("risk.oncall_ack", lambda p: triage_journal(ENTRY, p).acknowledge_within)),
    Row("risk.contact", ">=", 1,
        lasts("risk.contact", lambda p: triage_journal(ENTRY, p).respond_within)),
)  # fmt: skip


@pytest.mark.parametrize(("row", "at"), both(TABLE))
def test_a_score_is_judged_on_both_sides_of_each_number(row: Row, at: float) -> None:
    assert row.answers(at) == row.expected(at)
