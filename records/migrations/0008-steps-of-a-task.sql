-- What became of one task by itself, however long its journey is. An index only: the release before
-- is not disturbed. While it is made, facts wait to be appended; the engine tries again until it is.
-- depends: 0001-journey-record

CREATE INDEX journey_events_of_a_task ON journey_events ((data ->> 'task_id'), sequence)
    WHERE kind IN ('TaskReminded', 'TaskEscalated', 'TaskClosed');
