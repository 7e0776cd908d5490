-- Whether a clinic's site is certified for the nasal spray, change by change. Forward only; the
-- release before does not know the table and is not disturbed by it.
-- depends: 0001-journey-record

CREATE TABLE site_certifications (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    clinic text COLLATE "C" NOT NULL,
    certified boolean NOT NULL,
    reason text NOT NULL,
    actor_id text NOT NULL,
    actor_role text NOT NULL,
    command_id text COLLATE "C" NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    -- Told again with the same key it is the same change.
    CONSTRAINT a_change_is_recorded_once UNIQUE (clinic, command_id)
);
CREATE INDEX site_certifications_by_clinic ON site_certifications (clinic, id);
