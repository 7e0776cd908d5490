"""The public names, pinned: other systems hold on to them."""

from runtime.names import QUEUES, SEARCH_ATTRIBUTES


def test_queues_keep_their_names() -> None:
    assert QUEUES == ("journeys", "records", "notifications", "integrations")


def test_search_attributes_keep_their_names_and_types() -> None:
    kinds = {key.name: key.indexed_value_type.name for key in SEARCH_ATTRIBUTES}

    assert kinds == {
        "JourneyPhase": "KEYWORD",
        "AwaitingRole": "KEYWORD",
        "ClinicCode": "KEYWORD",
        "ProtocolVersion": "KEYWORD",
        "HoldReason": "KEYWORD",
        "Attention": "BOOL",
        "NextActionAt": "DATETIME",
        "SessionNumber": "INT",
    }
