"""The replay benchmark lives on after three years of treatment and reads each run again."""

from benchmarks import replay
from tests.workflows import years


async def test_a_month_after_three_years_is_replayed_run_by_run() -> None:
    lived, replays_ms = await replay.measure(months=1, rounds=1)

    assert len(lived.view.sessions) > 6 + 50, "three years of treatment days lie behind it"
    assert len(replays_ms) == len(lived.runs)
    assert all(taken > 0 for taken in replays_ms)
    assert f"{len(lived.view.sessions)} treatment days" in replay.table(lived, replays_ms)[-1]


def test_the_days_behind_it_come_one_after_the_other() -> None:
    days = [session.scheduled_at for session in replay.behind(3)]

    assert days == sorted(days)
    assert years.YEAR * 3 - (days[-1] - days[5]) < replay.BETWEEN_DAYS
