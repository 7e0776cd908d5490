"""Work is divided before a real record: one of two wins, the other is told; each act once."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from clinical.standard_protocol import standard_protocol
from schemas.approval import RemindTask
from schemas.base import Actor, Command, Role
from schemas.protocol import Clinic
from schemas.worklist import (
    AssignTask,
    Away,
    BulkAct,
    ClaimTask,
    HandleMany,
    HandleTask,
    ReleaseTask,
    RemindColleague,
    SaveFilter,
    SnoozeTask,
    TaskAct,
)
from service.errors import Malformed, Refused, Unavailable, UnknownWorkflow
from service.protocols import Catalogue
from service.task_handling import TaskHandling
from service.worklist import Worklist
from service.worklist_rows import Asker, Filters, HandlingRefused, Preset
from tests.records.waiting import LARKSPUR, NOON, TRIAGE, ended, waiting

ROMERO = Asker("cc-romero", frozenset({Role.CARE_COORDINATOR}), frozenset({"north"}))
MOREAU = Asker("cc-moreau", frozenset({Role.CARE_COORDINATOR}), frozenset({"north"}))
QUILL = Asker("rn-quill", frozenset({Role.NURSE}), frozenset({"north"}))
SOUTH = Asker("cc-south", frozenset({Role.CARE_COORDINATOR}), frozenset({"south"}))
CATALOGUE = Catalogue(
    {"standard": standard_protocol()},
    {
        "north": Clinic(code="north", name="Northlight", time_zone="America/New_York"),
        "south": Clinic(code="south", name="Southlight", time_zone="America/Los_Angeles"),
    },
)


def said(
    model: type[HandleTask], asker: Asker, task_id: str = TRIAGE, /, **more: object
) -> HandleTask:
    speaker = Actor(id=asker.person, role=next(iter(asker.roles)))
    content = {"command_id": uuid4().hex, "actor": speaker, "approval_id": task_id, **more}
    return model.model_validate(content)


@pytest.fixture
def handling(pool: asyncpg.Pool) -> TaskHandling:
    return TaskHandling(pool, now=lambda: NOON)


@pytest.fixture
def worklist(pool: asyncpg.Pool) -> Worklist:
    return Worklist(pool, CATALOGUE, now=lambda: NOON)


class Word:
    """A desk that takes what nobody waits for; `trouble` is raised instead."""

    def __init__(self) -> None:
        self.left: list[tuple[str, str, Command]] = []
        self.trouble: Exception | None = None

    async def leave(self, workflow_id: str, kind: str, command: Command) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.left.append((workflow_id, kind, command))


@pytest.fixture
def word() -> Word:
    return Word()


@pytest.fixture
def telling(pool: asyncpg.Pool, word: Word) -> TaskHandling:
    return TaskHandling(pool, now=lambda: NOON, desk=word)


async def test_a_reminder_is_told_to_the_workflow_that_writes_to_whoever_owes_the_task(
    pool: asyncpg.Pool, telling: TaskHandling, word: Word
) -> None:
    await waiting(pool)

    await telling.act(said(RemindColleague, QUILL), QUILL)

    ((workflow_id, kind, told),) = word.left
    assert (workflow_id, kind) == (LARKSPUR, "remind_task")
    assert isinstance(told, RemindTask)
    assert (told.approval_id, told.actor.id) == (TRIAGE, "rn-quill")


async def test_every_press_of_one_reminder_is_one_command_and_an_hour_later_another(
    pool: asyncpg.Pool, telling: TaskHandling, word: Word
) -> None:
    await waiting(pool)
    once = said(RemindColleague, QUILL)
    for who, press in ((QUILL, once), (QUILL, once), (ROMERO, said(RemindColleague, ROMERO))):
        await telling.act(press, who)
    later = TaskHandling(pool, now=lambda: NOON + timedelta(hours=1), desk=word)
    await later.act(said(RemindColleague, ROMERO), ROMERO)

    keys = [command.command_id for _, _, command in word.left]
    assert len(keys) == 4
    assert len(set(keys[:3])) == 1
    assert len(set(keys)) == 2


async def test_a_reminder_whose_word_was_lost_is_made_good_by_the_next_press(
    pool: asyncpg.Pool, telling: TaskHandling, word: Word
) -> None:
    await waiting(pool)
    word.trouble = Unavailable()
    with pytest.raises(Unavailable):
        await telling.act(said(RemindColleague, ROMERO), ROMERO)

    word.trouble = None
    await telling.act(said(RemindColleague, ROMERO), ROMERO)

    assert [kind for _, kind, _ in word.left] == ["remind_task"]


async def test_only_a_reminder_for_good_is_told_and_each_of_many_says_what_became_of_it(
    pool: asyncpg.Pool, telling: TaskHandling, word: Word
) -> None:
    await waiting(pool)
    speaker = Actor(id="cc-romero", role=Role.CARE_COORDINATOR)
    many = HandleMany(act=BulkAct.REMIND, task_ids=(TRIAGE,))
    await telling.act(said(ClaimTask, ROMERO), ROMERO)
    await telling.act_on_many(many.model_copy(update={"preview": True}), speaker, "k", ROMERO)
    assert word.left == []

    word.trouble = Unavailable()
    (failed,) = await telling.act_on_many(many, speaker, "k", ROMERO)
    word.trouble = None
    (again,) = await telling.act_on_many(many, speaker, "k", ROMERO)

    assert (failed.outcome, failed.reasons[0].code) == ("failed", "not_written")
    assert again.outcome == "no_op", "it stands on record since the first press"
    assert len(word.left) == 1


async def test_nobody_elses_clinic_is_reminded(
    pool: asyncpg.Pool, telling: TaskHandling, word: Word
) -> None:
    await waiting(pool)

    with pytest.raises(UnknownWorkflow):
        await telling.act(said(RemindColleague, SOUTH), SOUTH)

    assert word.left == []


async def test_of_two_who_claim_at_once_exactly_one_has_it(
    pool: asyncpg.Pool, handling: TaskHandling
) -> None:
    await waiting(pool)

    for _ in range(10):
        tries = await asyncio.gather(
            *(
                handling.act(said(ClaimTask, who, expected_version=None), who)
                for who in (ROMERO, MOREAU)
            ),
            return_exceptions=True,
        )
        lost = [one for one in tries if isinstance(one, HandlingRefused)]
        assert len(lost) == 1
        assert lost[0].reasons[0].code == "claimed"
        holder = lost[0].handling.claimed_by
        who = ROMERO if holder == "cc-romero" else MOREAU
        await handling.act(said(ReleaseTask, who), who)


async def test_whoever_saw_an_older_version_is_told_what_changed_since(
    pool: asyncpg.Pool, handling: TaskHandling
) -> None:
    await waiting(pool)
    await handling.act(
        said(AssignTask, MOREAU, person="cc-sato", reason="knows the family"), MOREAU
    )

    with pytest.raises(HandlingRefused) as refused:
        await handling.act(said(ClaimTask, ROMERO, expected_version=0), ROMERO)

    assert [reason.code for reason in refused.value.reasons] == [
        *("changed_since", "claimed", "since_then")
    ]
    assert "cc-sato by cc-moreau" in refused.value.reasons[-1].text
    assert "knows the family" in refused.value.reasons[-1].text
    assert [line.act for line in refused.value.since] == [TaskAct.ASSIGNED]


async def test_a_form_sent_twice_counts_once(
    pool: asyncpg.Pool, handling: TaskHandling, worklist: Worklist
) -> None:
    await waiting(pool)
    claim = said(ClaimTask, ROMERO, expected_version=0)

    first, again = await handling.act(claim, ROMERO), await handling.act(claim, ROMERO)

    assert first == again
    assert len(await worklist.history(TRIAGE, ROMERO)) == 1


async def test_what_was_refused_leaves_no_trace(pool: asyncpg.Pool, handling: TaskHandling) -> None:
    await waiting(pool)

    with pytest.raises(HandlingRefused, match="wrong_role"):
        await handling.act(said(ClaimTask, QUILL), QUILL)
    with pytest.raises(UnknownWorkflow):
        await handling.act(said(ClaimTask, SOUTH), SOUTH)
    with pytest.raises(UnknownWorkflow):
        await handling.act(said(ClaimTask, ROMERO, LARKSPUR + "~none~1"), ROMERO)

    assert await pool.fetchval("SELECT count(*) FROM task_handling") == 0
    assert await pool.fetchval("SELECT count(*) FROM task_acts") == 0


async def test_rebuilding_the_lists_loses_nobodys_claim(
    pool: asyncpg.Pool, handling: TaskHandling, worklist: Worklist
) -> None:
    await waiting(pool)
    await handling.act(said(ClaimTask, ROMERO), ROMERO)
    before = await worklist.task(TRIAGE, ROMERO)

    await pool.execute("DELETE FROM tasks")
    await waiting(pool)

    after = await worklist.task(TRIAGE, ROMERO)
    assert before is not None
    assert after is not None
    assert after.handling == before.handling


async def test_an_act_never_makes_a_task_look_new(
    pool: asyncpg.Pool, handling: TaskHandling, worklist: Worklist
) -> None:
    await waiting(pool)
    before = await worklist.task(TRIAGE, ROMERO)
    await handling.act(said(ClaimTask, ROMERO), ROMERO)
    after = await worklist.task(TRIAGE, ROMERO)

    assert before is not None
    assert after is not None
    assert before.entered_at == after.entered_at == NOON - timedelta(hours=20)
    assert after.handling.changed_at == NOON


async def test_the_history_of_acts_cannot_be_changed(
    pool: asyncpg.Pool, handling: TaskHandling
) -> None:
    await waiting(pool)
    await handling.act(said(ClaimTask, ROMERO), ROMERO)

    with pytest.raises(asyncpg.RestrictViolationError):
        await pool.execute("UPDATE task_acts SET actor_id = 'somebody-else'")
    with pytest.raises(asyncpg.RestrictViolationError):
        await pool.execute("DELETE FROM task_acts")


async def test_many_are_assigned_at_once_and_each_says_what_became_of_it(
    pool: asyncpg.Pool, handling: TaskHandling
) -> None:
    free, mine, over = (f"{LARKSPUR}~referral_triage~{n}" for n in (1, 2, 3))
    for task_id in (free, mine, over):
        await waiting(pool, task_id)
    await handling.act(said(AssignTask, ROMERO, mine, person="cc-sato"), ROMERO)
    await ended(pool, over)
    many = HandleMany(
        act=BulkAct.ASSIGN, person="cc-sato", reason="a quiet day",
        task_ids=(free, mine, over, LARKSPUR + "~none~1"),
    )  # fmt: skip
    speaker = Actor(id="cc-romero", role=Role.CARE_COORDINATOR)

    looked = await handling.act_on_many(
        many.model_copy(update={"preview": True}), speaker, "b0", ROMERO
    )
    done = await handling.act_on_many(many, speaker, "b1", ROMERO)

    expected = ["applied", "no_op", "refused", "refused"]
    assert [one.outcome for one in looked] == expected
    assert [one.outcome for one in done] == expected
    assert [one.reasons[0].code for one in done[2:]] == ["already_decided", "unknown"]
    assert await pool.fetchval("SELECT count(*) FROM task_acts") == 2


async def test_many_at_once_say_what_they_lack(handling: TaskHandling) -> None:
    speaker = Actor(id="cc-romero", role=Role.CARE_COORDINATOR)

    with pytest.raises(Malformed, match="missing; missing"):
        await handling.act_on_many(
            HandleMany(act=BulkAct.SNOOZE, task_ids=(TRIAGE,)), speaker, "b", ROMERO
        )


async def test_a_delegate_sees_the_absent_colleagues_tasks_and_gains_no_role(
    pool: asyncpg.Pool, handling: TaskHandling, worklist: Worklist
) -> None:
    await waiting(pool)
    await handling.act(said(ClaimTask, ROMERO), ROMERO)
    mine = Filters(preset=Preset.MINE)
    assert (await worklist.page(QUILL, mine)).items == ()

    away = Away(
        person="cc-romero", delegate="rn-quill", from_at=NOON - timedelta(hours=1),
        until_at=NOON + timedelta(days=7),
    )  # fmt: skip
    told = await handling.go_away(away, ROMERO)

    assert [row.task_id for row in (await worklist.page(QUILL, mine)).items] == [TRIAGE]
    assert (await worklist.counts(QUILL)).mine == 1
    assert (await worklist.counts(QUILL)).my_roles == 0
    await handling.act(said(ReleaseTask, QUILL, reason="back to the pool"), QUILL)
    with pytest.raises(HandlingRefused, match="wrong_role"):
        await handling.act(said(ClaimTask, QUILL), QUILL)
    await handling.come_back(told.absence_id, ROMERO)
    assert await handling.absences("rn-quill") == ()


def romero_away() -> Away:
    begins, ends = NOON - timedelta(hours=1), NOON + timedelta(days=7)
    return Away(person="cc-romero", delegate="rn-quill", from_at=begins, until_at=ends)


async def test_nobody_says_that_a_colleague_is_away_but_those_who_divide_the_work(
    handling: TaskHandling,
) -> None:
    away = Away(
        person="cc-romero", delegate="rn-quill", from_at=NOON, until_at=NOON + timedelta(days=1)
    )

    with pytest.raises(Refused, match="not_yours"):
        await handling.go_away(away, QUILL)
    with pytest.raises(Refused, match=r"same_person; in_the_past"):
        await handling.go_away(
            away.model_copy(update={"delegate": "cc-romero", "until_at": NOON}), ROMERO
        )


async def test_an_absence_told_by_another_clinics_coordinator_gives_nothing_here(
    pool: asyncpg.Pool, handling: TaskHandling, worklist: Worklist
) -> None:
    await waiting(pool)
    await handling.act(said(ClaimTask, ROMERO), ROMERO)
    mine = Filters(preset=Preset.MINE)

    told = await handling.go_away(romero_away(), SOUTH)

    assert told.clinics == ("south",)
    assert (await worklist.page(QUILL, mine)).items == ()
    assert (await worklist.counts(QUILL)).mine == 0
    with pytest.raises(HandlingRefused, match="not_yours"):
        await handling.act(said(ReleaseTask, QUILL), QUILL)


@pytest.mark.parametrize("teller", [MOREAU, MOREAU._replace(clinics=None)])
async def test_an_absence_told_by_a_coordinator_of_the_clinic_stands_there(
    pool: asyncpg.Pool, handling: TaskHandling, worklist: Worklist, teller: Asker
) -> None:
    await waiting(pool)
    await handling.act(said(ClaimTask, ROMERO), ROMERO)
    await handling.go_away(romero_away(), SOUTH)

    await handling.go_away(romero_away(), teller)

    assert (await worklist.counts(QUILL)).mine == 1
    shown = await worklist.page(QUILL, Filters(preset=Preset.MINE))
    assert [row.task_id for row in shown.items] == [TRIAGE]
    await handling.act(said(ReleaseTask, QUILL), QUILL)


async def test_an_own_absence_stands_wherever_one_has_tasks(handling: TaskHandling) -> None:
    told = await handling.go_away(romero_away(), ROMERO)

    assert told.clinics is None


async def test_an_absence_that_was_taken_back_stays_on_record(
    pool: asyncpg.Pool, handling: TaskHandling
) -> None:
    told = await handling.go_away(romero_away(), MOREAU)
    with pytest.raises(UnknownWorkflow):
        await handling.come_back(told.absence_id, QUILL)

    await handling.come_back(told.absence_id, ROMERO)

    kept = await pool.fetchrow("SELECT told_by, ended_by, ended_at FROM absences")
    assert (kept["told_by"], kept["ended_by"]) == ("cc-moreau", "cc-romero")
    assert kept["ended_at"] is not None
    with pytest.raises(UnknownWorkflow):
        await handling.come_back(told.absence_id, ROMERO)


async def test_a_filter_is_shared_with_a_clinic_of_its_owner_alone(handling: TaskHandling) -> None:
    kept = SaveFilter(name="Consents", query="kind=sign_consent", shared_with="north")
    own = await handling.save_filter(kept, ROMERO)
    again = await handling.save_filter(kept.model_copy(update={"query": "kind=x"}), ROMERO)

    assert own.filter_id == again.filter_id
    assert [one.query for one in await handling.filters(QUILL)] == ["kind=x"]
    assert await handling.filters(SOUTH) == ()
    with pytest.raises(Refused, match="unknown_clinic"):
        await handling.save_filter(kept, SOUTH)
    with pytest.raises(UnknownWorkflow):
        await handling.forget_filter(own.filter_id, QUILL)
    await handling.forget_filter(own.filter_id, ROMERO)
    assert await handling.filters(ROMERO) == ()


async def test_what_is_put_off_comes_back_and_danger_is_put_off_by_nobody(
    pool: asyncpg.Pool, handling: TaskHandling, worklist: Worklist
) -> None:
    await waiting(pool)
    risk = await waiting(
        pool, LARKSPUR + "~evening_call~1", kind="evening_call", roles=("care_coordinator",)
    )
    later = NOON + timedelta(hours=1)
    for task_id in (TRIAGE, risk):
        await handling.act(
            said(SnoozeTask, ROMERO, task_id, until=later, reason="call back at one"), ROMERO
        )
    roles = Filters(preset=Preset.MY_ROLES)

    assert (await worklist.page(ROMERO, roles)).items == ()
    assert len((await worklist.page(ROMERO, roles.model_copy(update={"snoozed": True}))).items) == 2
    assert [r.task_id for r in (await worklist.page(ROMERO, Filters(preset=Preset.NOW))).items] == [
        risk
    ]
    counted = await worklist.counts(ROMERO)
    assert (counted.snoozed, counted.my_roles, counted.now) == (2, 0, 1)
    awake = Worklist(pool, CATALOGUE, now=lambda: later)
    assert len((await awake.page(ROMERO, roles)).items) == 2
