"""Letters to the provider who shares the care: what each says."""

from gateways.letters import WORDS
from schemas.health_record import Milestone


def test_every_milestone_has_its_words() -> None:
    assert WORDS.keys() == set(Milestone)
