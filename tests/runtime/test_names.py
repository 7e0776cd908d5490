"""The public names, pinned: other systems hold on to them."""

import inspect

from activities.health_record import HealthRecordActivities
from activities.notifications import NotificationsActivities
from activities.records import RecordsActivities
from activities.stock import StockActivities
from runtime.names import QUEUES, SEARCH_ATTRIBUTES
from worker import WORKFLOWS


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


def test_workflow_types_keep_their_names() -> None:
    names = [vars(kind)["__temporal_workflow_definition"].name for kind in WORKFLOWS]

    assert names == ["PatientJourney", "InfusionSession", "NasalSpraySession", "DrugCabinet"]


def test_the_drug_cabinet_keeps_its_updates_and_its_query() -> None:
    defined = vars(WORKFLOWS[-1])["__temporal_workflow_definition"]

    assert set(defined.updates) == {
        "receive_stock", "count_stock", "waste_stock", "return_stock", "report_loss",
        "recall_lot", "freeze_lot", "unfreeze_lot", "adopt_settings", "decide_approval",
        "adopt_decision_keys", "remind_task",
    }  # fmt: skip
    assert set(defined.queries) >= {"state"}


def test_activities_keep_their_names() -> None:
    parts = (
        RecordsActivities, StockActivities, NotificationsActivities, HealthRecordActivities,
    )  # fmt: skip
    names = {
        defined.name
        for part in parts
        for _, method in inspect.getmembers(part, inspect.isfunction)
        if (defined := getattr(method, "__temporal_activity_definition", None))
    }

    assert names == {
        "append_events", "session_result", "read_stock", "exposed_to_lot", "lot_standing",
        "send_notifications", "file_letter",
    }  # fmt: skip
