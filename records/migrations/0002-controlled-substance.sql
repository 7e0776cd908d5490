-- The log of controlled substances: what came in, was drawn, given, wasted, returned or lost.

-- One line for each movement of one lot, derived from a fact of a treatment day or of the clinic's
-- drug cabinet in the transaction that puts the fact on record. New tables only: the release before
-- this one neither reads nor writes them.
CREATE TABLE stock_lines (
    id bigserial PRIMARY KEY,
    workflow_id text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    movement text NOT NULL,
    -- Several lines of one movement in one fact: a count of many lots.
    ordinal integer NOT NULL DEFAULT 0,
    journey_id text COLLATE "C" NOT NULL,
    session_id text COLLATE "C",
    clinic text COLLATE "C" NOT NULL,
    -- Lines of training journeys move no stock of a clinic that treats people.
    training boolean NOT NULL,
    product text NOT NULL,
    -- In capitals: a recalled lot stays recalled however somebody types it.
    lot text COLLATE "C" NOT NULL,
    expires_on date,
    amount_mg numeric(12, 4) NOT NULL,
    actor_id text NOT NULL,
    actor_role text NOT NULL,
    witness_id text,
    witness_role text,
    reason text,
    command_id text,
    at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    -- Up to here two people found the lot right, or set it right.
    settles boolean NOT NULL DEFAULT false,
    -- Given, wasted or lost out of what was drawn before: the cabinet does not lose it twice.
    of_draw boolean NOT NULL GENERATED ALWAYS AS (
        session_id IS NOT NULL AND movement IN ('administered', 'wasted', 'lost')
    ) STORED,
    -- One step, one line: whatever is retried, nothing leaves a lot a second time.
    CONSTRAINT a_step_moves_stock_once UNIQUE (workflow_id, sequence, movement, ordinal),
    CONSTRAINT amounts_have_no_sign CHECK (amount_mg >= 0),
    CONSTRAINT a_witness_has_a_role CHECK ((witness_id IS NULL) = (witness_role IS NULL)),
    CONSTRAINT movements_are_known CHECK (movement IN (
        'opening', 'received', 'drawn', 'administered', 'wasted', 'returned', 'lost',
        'corrected_up', 'corrected_down', 'counted', 'recalled', 'frozen', 'released'
    )),
    CONSTRAINT a_dose_belongs_to_a_session
        CHECK (movement NOT IN ('drawn', 'administered') OR session_id IS NOT NULL)
);
CREATE INDEX stock_lines_by_lot ON stock_lines (clinic, lot, at, id);
CREATE INDEX stock_lines_by_time ON stock_lines (clinic, at, id);
CREATE INDEX stock_lines_by_session ON stock_lines (session_id) WHERE session_id IS NOT NULL;

CREATE TRIGGER stock_lines_are_for_ever
    BEFORE UPDATE OR DELETE OR TRUNCATE ON stock_lines
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
