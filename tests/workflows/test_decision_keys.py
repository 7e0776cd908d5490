"""Which set of decision keys a workflow goes by, in whatever order the sets come."""

from runtime.decision_keys import DecisionKeys as Deployment
from tests.workflows.conftest import a_journey
from tests.workflows.places import cleared
from tests.workflows.signed import announced
from workflows.decision_keys import DecisionKeys


class Noted:
    """Takes facts down and forgets them."""

    def note(self, *_: object, **__: object) -> int:
        return 1


def test_a_set_that_was_taken_back_does_not_return_after_the_one_that_replaced_it() -> None:
    first, withdrawn = Deployment.in_memory(), Deployment.in_memory()
    state = a_journey("journey-otto", **cleared())
    state.signatures_required = True
    state.decision_keys, state.decision_keys_ms = dict(first.signing), 1
    keys = DecisionKeys(state, Noted())  # type: ignore[arg-type]

    keys.adopt(announced(first, first, issued_ms=3))
    late = announced(withdrawn, first, issued_ms=2)

    assert [reason.code for reason in keys.judge(late)] == ["stale"]
    assert state.decision_keys == dict(first.signing)
