"""The parameter table: complete, consistent, and its page fresh."""

from datetime import timedelta
from pathlib import Path

import pytest

from clinical.parameter_check import judge_value, misordered, read_value, relaxes
from clinical.parameter_docs import UNASKED, UNREAD, parameters_markdown
from clinical.parameter_kind import MARKS
from clinical.parameter_rules import RULES
from clinical.parameter_table import TABLE
from clinical.parameters import PARAMETERS, Change, Parameter, Parameters, ValueKind
from clinical.protocol_problem import RuleBroken
from schemas.protocol import ParameterValue

ROOT = Path(__file__).parents[2]
ALL = sorted(PARAMETERS.values(), key=lambda p: p.name)
TIGHTEN = [p for p in ALL if p.change is Change.TIGHTEN]
RANGED = [p for p in ALL if p.low is not None and p.high is not None]


def names(parameter: Parameter) -> str:
    return parameter.name


def test_the_table_of_the_fact_sheet_is_whole_and_names_nothing_twice() -> None:
    assert len(TABLE) == 166
    assert len(PARAMETERS) == len(TABLE) + len(RULES)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("elig.min_age", 18),
        ("elig.failed_trials_min", 2),
        ("iv.dose", 0.5),
        ("iv.dose_cap_first", 50),
        ("iv.obs_min_after_end", 60),
        ("bp.pause_sys", 180),
        ("bp.stop_dia", 120),
        ("esk.obs_min", 120),
        ("instr.response", 50),
        ("relapse.phq9", 10),
        ("cs.retention", 5),
    ],
)
def test_standard_values_are_those_of_the_fact_sheet(name: str, value: float) -> None:
    assert Parameters.default().number(name) == value


@pytest.mark.parametrize(
    ("name", "length"),
    [
        ("spo2.stop_sustained", timedelta(seconds=30)),
        ("iv.obs_min_after_end", timedelta(minutes=60)),
        ("iv.min_interval", timedelta(hours=48)),
        ("screen.hp_valid", timedelta(days=30)),
        ("esk.induction_weeks", timedelta(weeks=4)),
    ],
)
def test_a_length_of_time_knows_its_own_unit(name: str, length: timedelta) -> None:
    assert Parameters.default().duration(name) == length


@pytest.mark.parametrize("name", ["cs.retention", "cs.inventory", "cs.loss_notify", "iv.dose"])
def test_what_is_no_fixed_length_of_time_is_not_made_one(name: str) -> None:
    with pytest.raises(TypeError, match=name):
        Parameters.default().duration(name)


def test_a_journey_of_an_older_release_has_the_standard_value_for_a_name_it_lacks() -> None:
    old = Parameters({"bp.pause_sys": 170})
    assert old.integer("bp.pause_sys") == 170
    assert old.integer("bp.pause_dia") == 110


def test_an_unknown_name_is_an_error_of_the_program() -> None:
    with pytest.raises(KeyError):
        Parameters.default().number("bp.pause_systolic")


def test_lists_and_steps_are_read_as_they_are_meant() -> None:
    p = Parameters.default()
    assert p.numbers("esk.dose_allowed") == (56, 84)
    assert p.numbers("pa.alert_days") == (45, 30, 14)
    assert p.steps("taper.steps") == ((7, 4), (14, 4), (28, 3))
    assert p.choice("screen.hcg_mode") == "every_session"
    assert p.flag("dis.human_signoff") is True
    with pytest.raises(TypeError):
        p.number("taper.steps")


def stands_in_its_range(parameter: Parameter) -> bool:
    """Whether the default is one that a file might name, and no choice is without limits."""
    items = parameter.default if isinstance(parameter.default, tuple) else (parameter.default,)
    low, high = parameter.low, parameter.high
    inside = (
        low is None
        or parameter.kind is ValueKind.STEPS
        or (high is not None and all(low <= float(item) <= high for item in items))
    )
    chosen = not parameter.allowed or parameter.default in parameter.allowed
    free = parameter.change is Change.YES and parameter.kind is not ValueKind.FLAG
    limited = not free or bool(parameter.allowed) or low is not None
    return inside and chosen and limited and judge_value(parameter, parameter.default) is None


def test_every_parameter_says_where_it_comes_from_and_stands_in_its_own_range() -> None:
    assert [p.name for p in ALL if not p.source or p.mark not in MARKS] == []
    assert [p.name for p in ALL if not stands_in_its_range(p)] == []


def test_what_may_only_be_tightened_has_a_stricter_direction() -> None:
    assert [p.name for p in TIGHTEN if p.tighter is None] == []


def refused(parameter: Parameter, number: float) -> bool:
    shapes: dict[ValueKind, ParameterValue] = {
        ValueKind.STEPS: (f"{number:g}x4",),
        ValueKind.NUMBERS: (number,),
    }
    return judge_value(parameter, shapes.get(parameter.kind, number)) is not None


def test_both_ends_of_a_range_are_allowed_and_nothing_beyond() -> None:
    ends = [(p, end) for p in RANGED for end in (p.low or 0, p.high or 0)]
    beyond = [(p, at) for p in RANGED for at in ((p.low or 0) - 1, (p.high or 0) + 1)]

    assert [(p.name, end) for p, end in ends if refused(p, end)] == []
    assert [(p.name, at) for p, at in beyond if not refused(p, at)] == []


@pytest.mark.parametrize("parameter", [p for p in ALL if p.change is Change.NO], ids=names)
def test_what_nobody_may_change_refuses_every_other_value(parameter: Parameter) -> None:
    other = (not parameter.default) if isinstance(parameter.default, bool) else "another"
    assert "may not be changed" in str(judge_value(parameter, other))


def test_relaxing_is_judged_in_the_stricter_direction() -> None:
    pause, observe = PARAMETERS["bp.pause_sys"], PARAMETERS["iv.obs_min_after_end"]
    assert relaxes(pause, 181, 180)
    assert not relaxes(pause, 179, 180)
    assert relaxes(observe, 59, 60)
    assert not relaxes(pause, 180, 180)
    assert not relaxes(observe, 60, 60)
    assert not relaxes(observe, 61, 60)
    assert relaxes(PARAMETERS["esk.obs_anchor"], "first_device", "last_device")
    assert relaxes(PARAMETERS["cs.waste_witness"], False, True)


@pytest.mark.parametrize(
    ("name", "written", "value", "kind"),
    [
        ("iv.series_len", 5, 5, int),
        ("iv.series_len", "5 sessions", 5, int),
        ("iv.min_interval", "72 hours", 72, int),
        ("iv.min_interval", "72.5 h", 72.5, float),
        ("iv.dose", "1 mg/kg", 1.0, float),
        ("iv.dose", "0.4", 0.4, float),
    ],
)
def test_a_written_number_keeps_its_kind(
    name: str, written: object, value: float, kind: type
) -> None:
    read = read_value(PARAMETERS[name], written)
    assert (read, type(read)) == (value, kind)


def test_the_standard_values_keep_their_order() -> None:
    assert misordered(Parameters.default().values) == ()


def test_the_parameter_page_is_fresh() -> None:
    page = (ROOT / "docs" / "parameters.md").read_text(encoding="utf-8")
    assert page == parameters_markdown()


def test_the_parameter_page_names_every_parameter() -> None:
    page = parameters_markdown()
    assert [p.name for p in ALL if f"| `{p.name}` |" not in page] == []


IN_PARTS = ("bp.alert_sys", "bp.alert_dia", "bp.stop_sys", "bp.stop_dia")
"""Read by a name put together: `bp.{level}_sys`."""


def test_the_page_says_which_parameters_no_rule_reads() -> None:
    floors = ("clinical", "workflows", "service", "records", "activities", "api")
    texts = [
        path.read_text(encoding="utf-8")
        for floor in floors
        for path in (ROOT / floor).glob("*.py")
        if not path.name.startswith("parameter_")
    ]
    unread = {
        name
        for name in PARAMETERS.keys() - set(IN_PARTS)
        if not any(f'"{name}"' in text or f"'{name}'" in text for text in texts)
    }
    assert unread == UNREAD.keys()


def test_a_parameter_that_no_journey_asks_for_has_its_rule() -> None:
    assert PARAMETERS.keys() >= UNASKED.keys()
    assert not UNASKED.keys() & UNREAD.keys()


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ({ValueKind.FLAG: "perhaps"}, "is yes or no"),
        ({ValueKind.CHOICE: 3}, "is one of the allowed words"),
        ({ValueKind.NUMBERS: [1.5]}, "is a whole number of"),
        ({ValueKind.NUMBERS: [1, 1]}, "names each value once"),
        ({ValueKind.NUMBER: [1, 2]}, "is one number, not a list"),
        ({ValueKind.NUMBER: "some"}, "is a number in"),
        ({ValueKind.INTEGER: 1.5}, "is a whole number of"),
    ],
)
def test_a_value_of_another_shape_is_refused_by_naming_the_rule(
    written: dict[ValueKind, object], rule: str
) -> None:
    ((kind, value),) = written.items()
    parameter = next(p for p in ALL if p.kind is kind)

    with pytest.raises(RuleBroken, match=rule):
        read_value(parameter, value)


def test_a_list_of_nothing_is_no_value() -> None:
    parameter = next(p for p in ALL if p.kind is ValueKind.NUMBERS)

    assert judge_value(parameter, ()) is not None
