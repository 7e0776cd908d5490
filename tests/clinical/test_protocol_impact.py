"""Who would feel a change of protocol: at once, later, or never."""

from typing import Any

import pytest

from clinical.protocol_compare import Difference, compare
from clinical.protocol_impact import impact
from clinical.standard_protocol import standard_protocol
from schemas.journey import Phase
from schemas.protocol import Protocol


def changed(**values: Any) -> Protocol:
    standard = standard_protocol()
    parameters = {**standard.parameters, **{k.replace("__", "."): v for k, v in values.items()}}
    return standard.model_copy(update={"parameters": parameters, "version": "north-2"})


def differences(**values: Any) -> tuple[Difference, ...]:
    return compare(standard_protocol(), changed(**values))


def felt(phase: Phase, **values: Any) -> tuple[list[str], list[str]]:
    found = impact(differences(**values), phase)
    return [d.name for d in found.now], [d.name for d in found.later]


def test_a_difference_says_its_unit_and_which_way_is_stricter() -> None:
    (lower,) = differences(bp__pause_sys=170)
    (free,) = differences(iv__dose=0.4)
    (steps,) = differences(taper__steps=("7x2", "14x2"))

    assert lower.in_words() == "180 -> 170 mmHg, stricter"
    assert free.in_words() == "0.5 -> 0.4 mg/kg"
    assert steps.new == "7x2, 14x2"
    assert lower.as_data() == {
        "name": "bp.pause_sys", "old": "180", "new": "170", "unit": "mmHg",
        "direction": "stricter",
    }  # fmt: skip


def test_the_same_change_the_other_way_is_laxer() -> None:
    (back,) = compare(changed(bp__pause_sys=170), standard_protocol())

    assert back.in_words() == "170 -> 180 mmHg, laxer"


@pytest.mark.parametrize(
    ("phase", "now", "later"),
    [
        (Phase.REFERRAL, [], ["bp.pause_sys"]),
        (Phase.INFUSION_SERIES, ["bp.pause_sys"], []),
        (Phase.ON_HOLD, ["bp.pause_sys"], []),
        # A relapse in follow-up leads back to treatment.
        (Phase.FOLLOW_UP, [], ["bp.pause_sys"]),
        (Phase.CLOSED, [], []),
    ],
)
def test_a_threshold_is_felt_where_somebody_is_dosed(
    phase: Phase, now: list[str], later: list[str]
) -> None:
    assert felt(phase, bp__pause_sys=170) == (now, later)


def test_what_belongs_to_a_phase_that_lies_behind_is_never_felt() -> None:
    assert felt(Phase.REEVALUATION, elig__phq9_min=15) == ([], [])


def test_the_spray_is_felt_later_by_who_may_still_switch_and_now_by_who_has() -> None:
    values = {"esk__obs_min": 150}

    assert felt(Phase.INFUSION_SERIES, **values) == ([], ["esk.obs_min"])
    assert felt(Phase.SWITCH_ESKETAMINE, **values) == (["esk.obs_min"], [])


def test_a_version_with_another_name_only_is_felt_by_nobody() -> None:
    assert felt(Phase.INFUSION_SERIES) == ([], [])
