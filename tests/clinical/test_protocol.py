"""Protocol files: the standard one, what a clinic may write, and what is refused by line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.parameters import Parameters
from clinical.protocol import ProtocolRefused, compare, parse_protocol, standard_protocol
from clinical.protocol_judge import judge_protocol
from clinical.protocol_text import protocol_yaml
from schemas.approval import ApprovalKind, EntryKind
from schemas.base import Role
from schemas.journey import Phase
from schemas.protocol import ExpiryOutcome, Protocol
from schemas.screening import Modality

STANDARD = Path(__file__).parents[2] / "protocols" / "standard.yaml"
HEAD = "code: harbour\nversion: harbour-2\n"


def clinic(parameters: str = "  bp.pause_sys: 170\n", approvals: str = "") -> str:
    table = f"approvals:\n{approvals}" if approvals else ""
    return f"{HEAD}parameters:\n{parameters}{table}"


def refused(text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(ProtocolRefused) as refusal:
        parse_protocol(text, "harbour.yaml")
    assert str(refusal.value).startswith("harbour.yaml:")
    return [(p.line, p.name, p.rule) for p in refusal.value.problems]


def test_the_standard_file_says_exactly_what_the_engine_has_built_in() -> None:
    text = STANDARD.read_text(encoding="utf-8")
    assert parse_protocol(text, STANDARD.name) == standard_protocol()
    assert protocol_yaml(standard_protocol()) == text


def test_a_protocol_survives_the_journey_through_json() -> None:
    standard = standard_protocol()
    assert Protocol.model_validate_json(standard.model_dump_json()) == standard


def test_a_clinic_writes_only_what_it_changes_and_the_journey_carries_everything() -> None:
    protocol = parse_protocol(
        clinic(
            "  bp.pause_sys: 170 mmHg\n  iv.min_interval: 72 hours\n  taper.steps: 7x2, 21x3\n"
            "  cred.alert_days: [60, 14]\n  screen.hcg_mode: 28d\n  iv.dose: 0.4\n"
        ),
        "harbour.yaml",
    )
    assert (protocol.code, protocol.version) == ("harbour", "harbour-2")
    assert protocol.parameters["bp.pause_sys"] == 170
    assert protocol.parameters["iv.min_interval"] == 72
    assert Parameters(protocol.parameters).steps("taper.steps") == ((7, 2), (21, 3))
    assert Parameters(protocol.parameters).numbers("cred.alert_days") == (60, 14)
    assert protocol.parameters["iv.dose"] == 0.4
    assert protocol.parameters.keys() == standard_protocol().parameters.keys()
    assert protocol.approvals == standard_protocol().approvals


def test_a_version_that_looks_like_a_number_stays_text() -> None:
    text = "code: x\nversion: 2026.10\nparameters: {}\n"
    assert parse_protocol(text, "x.yaml").version == "2026.10"


@pytest.mark.parametrize(
    ("line", "name", "rule"),
    [
        ("bp.pause_systolic: 170", "bp.pause_systolic", "is no parameter"),
        ("bp.pause_sys: 181", "bp.pause_sys", "only be made stricter (lower than 180)"),
        ("iv.obs_min_after_end: 45 min", "iv.obs_min_after_end", "only be made stricter"),
        ("esk.obs_anchor: first_device", "esk.obs_anchor", "only be made stricter"),
        ("cs.waste_witness: false", "cs.waste_witness", "only be made stricter"),
        ("esk.obs_min: 60 min", "esk.obs_min", "only be made stricter"),
        ("esk.dose_start: 84 mg", "esk.dose_start", "may not be changed"),
        ("dis.human_signoff: false", "dis.human_signoff", "may not be changed"),
        ("iv.dose: 500 mcg/kg", "iv.dose", "is measured in mg/kg, not in mcg/kg"),
        ("screen.weight_review_low: 88 lb", "screen.weight_review_low", "in kg, not in lb"),
        ("iv.min_interval: 3 days", "iv.min_interval", "is measured in hours, not in days"),
        ("iv.dose: 1.5", "iv.dose", "lies between 0.1 and 1.0"),
        ("iv.series_len: 9", "iv.series_len", "lies between 4 and 8"),
        ("iv.series_len: 5.5", "iv.series_len", "whole number"),
        ("iv.dose: true", "iv.dose", "is a number"),
        ("iv.dose: .nan", "iv.dose", "finite"),
        ("iv.dose: ~", "iv.dose", "is a number"),
        ("iv.dose: {a: 1}", "iv.dose", "is a number"),
        ("iv.dose: !!timestamp x", "iv.dose", "not a plain value"),
        ("cs.waste_witness: maybe", "cs.waste_witness", "true or false"),
        ("screen.hcg_mode: never", "screen.hcg_mode", "is one of"),
        ("esk.maint_interval: 10 days", "esk.maint_interval", "is one of: 7, 14"),
        ("taper.steps: weekly", "taper.steps", "7x4"),
        ("taper.steps: []", "taper.steps", "7x4"),
        ("taper.steps: 3x4", "taper.steps", "lies between 7 and 42"),
    ],
)
def test_what_a_clinic_may_not_write_is_refused_by_line_and_rule(
    line: str, name: str, rule: str
) -> None:
    (problem,) = refused(clinic(f"  arrival.lead: 15 min\n  {line}\n"))
    assert problem[:2] == (5, name)
    assert rule in problem[2]


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ("bp.stop_sys: 0277", "plain decimal"),  # YAML reads octal: 191
        ("bp.stop_sys: 0xBE", "plain decimal"),
        ("bp.stop_sys: 3:10", "plain decimal"),  # and sixties: 190
        ("bp.stop_sys: 1_90", "plain decimal"),
        ("cred.alert_days: [0060, 30]", "plain decimal"),
        ("cs.reconcile_tolerance: -0.1", "lies between"),
        ("bp.stop_sys: true", "a number in mmHg"),
        ("bp.stop_sys: null", "a number in mmHg"),
        ("bp.stop_sys: .nan", "finite"),
        ("bp.stop_sys: .inf", "finite"),
        ("iv.fast_solids: 5 min", "not in min"),
        ("records.medical: 10.5", "whole number of years"),
        ("cs.inventory: 12.5", "whole number of months"),
        ("pa.alert_days: [14.5]", "whole number of days"),
        ("pa.alert_days: [30, 30]", "each value once"),
        ("pa.alert_days: [" + ", ".join(str(n) for n in range(1, 40)) + "]", "at most"),
        ("taper.steps: 7x0", "such as 7x4"),
        ("taper.steps: \u0667x4", "such as 7x4"),
        ("taper.steps: 28x3, 7x4", "closer together"),
        ("taper.steps: [" + ", ".join(["7x4"] * 40) + "]", "at most"),
        ("cs.waste_witness: false", "it stays true"),
        ("elig.pmhp_required: false", "may not be changed"),
    ],
)
def test_a_number_that_could_be_misread_is_refused(written: str, rule: str) -> None:
    ((line, name, why),) = refused(clinic(f"  {written}\n"))
    assert (line, name) == (4, written.split(":", maxsplit=1)[0])
    assert rule in why


def test_minus_zero_is_zero() -> None:
    protocol = parse_protocol(clinic("  cs.reconcile_tolerance: -0.0\n"), "harbour.yaml")
    assert str(protocol.parameters["cs.reconcile_tolerance"]) == "0.0"


def bomb(depth: int) -> str:
    """A list in which each alias doubles the one before it."""
    doubled = (f"&b{n} [*b{n - 1}, *b{n - 1}]" for n in range(1, depth))
    return f"[&b0 [x, x], {', '.join(doubled)}]"


@pytest.mark.parametrize(
    "text",
    [
        clinic("  screen.hp_valid: &days 20\n  screen.uds_valid: *days\n"),
        clinic(f"  taper.steps: {bomb(60)}\n"),
        clinic("  bp.pause_sys: 170\n", f"  referral_triage:\n    on_expiry: {bomb(60)}\n"),
        clinic("  bp.pause_sys: 170\n", f"  referral_triage:\n    ? {bomb(60)}\n    : 1\n"),
    ],
)
def test_a_value_is_written_where_it_holds_and_nowhere_else(text: str) -> None:
    ((_, name, rule),) = refused(text)
    assert name == "file"
    assert "alias" in rule


def test_every_problem_is_named_at_once() -> None:
    text = clinic("  bp.pause_sys: 190\n  nonsense: 1\n  esk.device: 14\n")
    assert [problem[0] for problem in refused(text)] == [4, 5, 6]


def test_thresholds_that_overtake_one_another_are_refused() -> None:
    (problem,) = refused(clinic("  bp.stop_sys: 150 mmHg\n"))
    assert problem == (4, "bp.pause_sys", "may not be above bp.stop_sys")


def test_a_name_written_twice_is_refused() -> None:
    assert (5, "iv.dose", "is written twice") in refused(clinic("  iv.dose: 0.4\n  iv.dose: 0.5\n"))


@pytest.mark.parametrize(
    ("rule_text", "line", "name", "rule"),
    [
        ("  nap: {}\n", 6, "nap", "is no kind of approval"),
        ("  series_start: soon\n", 6, "series_start", "is a table"),
        ("  series_start:\n    when: 4h\n", 7, "series_start.when", "is unknown"),
        ("  series_start:\n    due: 4\n", 7, "series_start.due", "30min, 4h or 2d"),
        ("  series_start:\n    due: 0h\n", 7, "series_start.due", "longer than nothing"),
        ("  series_start:\n    slots: [boss]\n", 7, "series_start.slots", "is one of"),
        ("  series_start:\n    slots: [system]\n", 7, "series_start.slots", "decides no approval"),
        ("  series_start:\n    slots: [patient]\n", 7, "series_start.slots", "decides no approval"),
        ("  series_start:\n    slots: []\n", 7, "series_start.slots", "keeps at least one"),
        (
            "  treatment_clearance:\n    slots: [psychiatrist]\n",
            7,
            "treatment_clearance.slots",
            "keeps at least one distinct person for each of: psychiatrist, medical_screener",
        ),
        (
            "  dose_exception:\n    slots: [prescriber]\n",
            7,
            "dose_exception.slots",
            "prescriber, prescriber",
        ),
        ("  series_start:\n    escalation: []\n", 7, "series_start.escalation", "somebody"),
        (
            "  series_start:\n    escalation: [ops, ops]\n",
            7,
            "series_start.escalation",
            "each role once",
        ),
        ("  series_start:\n    due: 1h\n", 6, "series_start.remind_every", "not longer than due"),
        ("  series_start:\n    on_expiry: approve\n", 7, "series_start.on_expiry", "is one of"),
        ("  suicide_risk_review:\n    due: 2h\n", 7, "suicide_risk_review.due", "shorter"),
        ("  safety_follow_up:\n    on_expiry: hold\n", 7, "safety_follow_up.on_expiry", "stays"),
    ],
)
def test_an_approval_rule_that_weakens_a_decision_is_refused(
    rule_text: str, line: int, name: str, rule: str
) -> None:
    problems = refused(clinic(approvals=rule_text))
    assert any(p[:2] == (line, name) and rule in p[2] for p in problems), problems


def test_a_clinic_may_ask_for_more_people_and_less_time() -> None:
    text = clinic(
        approvals="  treatment_clearance:\n"
        "    slots: [psychiatrist, medical_screener, pharmacist]\n    due: 36h\n"
    )
    rule = parse_protocol(text, "harbour.yaml").approvals["treatment_clearance"]
    assert rule.slots == (Role.PSYCHIATRIST, Role.MEDICAL_SCREENER, Role.PHARMACIST)
    assert rule.due.total_seconds() == 36 * 3600


@pytest.mark.parametrize(
    "text", ["", "a", "[", "- a", "!!python/x {}", "parameters: &a [*a]", "\x00", "a: b: c"]
)
def test_what_is_no_protocol_at_all_is_refused_and_nothing_else_happens(text: str) -> None:
    assert refused(text)


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_fail_otherwise(text: str) -> None:
    for written in (text, clinic(f"  iv.dose: {text}\n"), clinic(approvals=f"  hold: {text}\n")):
        try:
            parse_protocol(written, "any.yaml")
        except ProtocolRefused:
            continue


def test_every_kind_of_approval_and_entry_has_a_rule_that_reaches_a_second_person() -> None:
    rules = standard_protocol().approvals
    kinds = {kind.value for kind in (*ApprovalKind, *EntryKind)}
    assert rules.keys() == kinds
    for rule in rules.values():
        assert rule.slots
        assert rule.escalation
        assert rule.remind_every <= rule.due


@pytest.mark.parametrize(
    ("kind", "slots"),
    [
        ("referral_triage", (Role.CARE_COORDINATOR,)),
        ("treatment_clearance", (Role.PSYCHIATRIST, Role.MEDICAL_SCREENER)),
        ("series_start", (Role.CARE_COORDINATOR,)),
        ("dose_exception", (Role.PRESCRIBER, Role.PRESCRIBER)),
        ("readiness_override", (Role.MEDICAL_DIRECTOR,)),
        ("reevaluation_decision", (Role.PSYCHIATRIST,)),
        ("switch_to_spray", (Role.PSYCHIATRIST, Role.REMS_REPRESENTATIVE)),
        ("protocol_change", (Role.PSYCHIATRIST, Role.MEDICAL_DIRECTOR)),
        ("resume_from_hold", (Role.PSYCHIATRIST,)),
        ("safety_follow_up", (Role.NURSE,)),
        ("suicide_risk_review", (Role.PSYCHIATRIST,)),
    ],
)
def test_each_decision_is_taken_by_the_people_of_the_contract(
    kind: str, slots: tuple[Role, ...]
) -> None:
    assert standard_protocol().approvals[kind].slots == slots


@pytest.mark.parametrize("kind", ["safety_follow_up", "suicide_risk_review"])
def test_safety_work_never_expires(kind: str) -> None:
    assert standard_protocol().approvals[kind].on_expiry is ExpiryOutcome.STAY


def test_comparing_two_versions_says_what_changed_and_who_would_feel_it() -> None:
    text = clinic(
        "  bp.pause_sys: 170\n  esk.obs_min: 150 min\n  iv.dose: 0.4\n",
        "  reevaluation_decision:\n    due: 5d\n",
    )
    changes = {c.name: c for c in compare(standard_protocol(), parse_protocol(text, "h.yaml"))}
    assert changes.keys() == {
        "bp.pause_sys",
        "esk.obs_min",
        "iv.dose",
        "approvals.reevaluation_decision",
    }
    pause, observe, dose = changes["bp.pause_sys"], changes["esk.obs_min"], changes["iv.dose"]
    assert (pause.old, pause.new, pause.stricter) == ("180", "170", True)
    assert pause.felt_by(Phase.INFUSION_SERIES, Modality.ESKETAMINE)
    assert observe.felt_by(Phase.SWITCH_ESKETAMINE)
    assert not observe.felt_by(Phase.INFUSION_SERIES)
    assert dose.modalities == (Modality.IV_KETAMINE,)
    assert dose.stricter is None
    approval = changes["approvals.reevaluation_decision"]
    assert approval.phases == (Phase.REEVALUATION,)
    assert "due 5d" in approval.new


def test_a_return_to_looser_values_is_called_looser() -> None:
    stricter = parse_protocol(clinic(), "h.yaml")
    (change,) = compare(stricter, standard_protocol())
    assert change.stricter is False


def test_a_version_compared_with_itself_changes_nothing() -> None:
    assert compare(standard_protocol(), standard_protocol()) == ()


# -- who decides, and on whose word -------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "line", "field", "rule"),
    [
        ("    step_up: false", 7, "step_up", "stays true"),
        ("    step_up: often", 7, "step_up", "is true or false"),
        ("    distinct_people: false", 7, "distinct_people", "stays true"),
        ("    self_approval: always", 7, "self_approval", "is one of: never"),
        ("    decline_reasons: not_safe", 7, "decline_reasons", "is a list"),
        ("    decline_reasons: [Not Safe]", 7, "decline_reasons", "is a list of codes"),
        ("    decline_reasons: [other, other]", 7, "decline_reasons", "names each code once"),
        (
            "    decline_reasons: []\n    decline_needs_reason: true",
            8,
            "decline_needs_reason",
            "needs decline_reasons",
        ),
    ],
)
def test_a_file_cannot_let_one_person_do_what_takes_another(
    written: str, line: int, field: str, rule: str
) -> None:
    ((at, name, why),) = refused(clinic(approvals=f"  dose_exception:\n{written}\n"))

    assert (at, name) == (line, f"dose_exception.{field}")
    assert why.startswith(rule)


def test_an_entry_is_neither_declined_nor_signed_in_for() -> None:
    ((_, name, why),) = refused(clinic(approvals="  record_scores:\n    step_up: true\n"))

    assert name == "record_scores"
    assert why.startswith("is entered, not decided")


def test_a_clinic_may_ask_more_and_the_change_shows() -> None:
    asked = "    step_up: true\n    decline_needs_reason: true\n    decline_reasons: [full]\n"
    protocol = parse_protocol(clinic(approvals=f"  series_start:\n{asked}"), "harbour.yaml")

    rule = protocol.approvals["series_start"]
    assert (rule.step_up, rule.decline_needs_reason, rule.decline_reasons) == (
        True,
        True,
        ("full",),
    )
    (change,) = [
        d for d in compare(standard_protocol(), protocol) if d.name == "approvals.series_start"
    ]
    assert "must name one of full; after a new sign-in" in change.new


def test_a_protocol_of_an_earlier_release_says_nothing_of_sign_in_and_is_taken() -> None:
    silent = {
        kind: rule.model_copy(update={"step_up": False, "decline_reasons": ()})
        for kind, rule in standard_protocol().approvals.items()
    }

    assert judge_protocol(standard_protocol().model_copy(update={"approvals": silent})) == ()


@pytest.mark.parametrize(
    ("changed", "fact", "words"),
    [
        ({"iv.generosity": 3}, "iv.generosity", "is no parameter"),
        ({"iv.dose": [0.5, 0.6]}, "iv.dose", "is one number, not a list"),
        ({"iv.dose": "a little"}, "iv.dose", "is a number in mg/kg"),
        ({"iv.dose": 5.0}, "iv.dose", "lies between"),
    ],
)
def test_no_journey_is_moved_to_a_protocol_that_no_file_could_hold(
    changed: dict[str, object], fact: str, words: str
) -> None:
    protocol = Protocol.model_construct(**dict(standard_protocol()))
    protocol = protocol.model_copy(update={"parameters": {**protocol.parameters, **changed}})

    (reason,) = judge_protocol(protocol)

    assert (reason.code, reason.fact) == ("protocol_refused", fact)
    assert words in reason.text


def test_no_journey_is_moved_to_a_protocol_that_asks_fewer_people() -> None:
    standard = standard_protocol()
    clearance = standard.approvals[ApprovalKind.TREATMENT_CLEARANCE]
    alone = clearance.model_copy(update={"slots": clearance.slots[:1]})
    weaker = standard.approvals | {ApprovalKind.TREATMENT_CLEARANCE: alone}

    refused = judge_protocol(standard.model_copy(update={"approvals": weaker}))

    assert {reason.code for reason in refused} == {"protocol_refused"}
    assert all((r.fact or "").startswith("treatment_clearance.") for r in refused)
