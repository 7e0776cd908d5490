-- What reports count is found by its moment, not by reading every line of the record. Indexes only:
-- the release before is not disturbed. While they are made, facts wait to be appended; the engine
-- tries again until they are.
-- depends: 0001-journey-record

-- What a report begins with: a stay in a phase, a sign of danger, an order at the chair, a task that
-- went to somebody else.
CREATE INDEX journey_events_reports_begin_with ON journey_events (kind, at, id)
    WHERE kind IN ('PhaseEntered', 'SuicideRiskRaised', 'OrderGiven', 'TaskEscalated');

-- What came of it in the same journey.
CREATE INDEX journey_events_reports_look_for ON journey_events (journey_id, kind, at, id)
    WHERE kind IN ('PhaseEntered', 'RiskAcknowledged', 'ContactMade', 'TaskVoted',
                   'OrderAcknowledged', 'HistoryCarried');

CREATE INDEX sessions_by_dose ON sessions (dosed_at, clinic) WHERE dosed_at IS NOT NULL;
CREATE INDEX tasks_by_due ON tasks (due_at, clinic);
