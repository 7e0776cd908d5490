-- Links by which a patient does one thing without an account: sign or take back consent, write the
-- journal, say that they are home safe.
-- New tables only: the release before neither reads nor writes them.
-- depends: 0001-journey-record

CREATE TABLE patient_links (
    link_id text COLLATE "C" PRIMARY KEY,
    -- Of the token itself only this is kept: whoever reads the table can open no link.
    token_sha256 bytea NOT NULL,
    journey_id text COLLATE "C" NOT NULL,
    clinic text COLLATE "C" NOT NULL,
    purpose text NOT NULL,
    session_id text COLLATE "C",
    form jsonb,
    language text NOT NULL,
    made_by_id text NOT NULL,
    made_by_role text NOT NULL,
    made_at timestamptz NOT NULL,
    command_id text COLLATE "C" NOT NULL,
    expires_at timestamptz NOT NULL,
    -- A use holds the link for a moment, so that two at once are one; a use that died lets it go.
    held_until timestamptz,
    used_at timestamptz,
    withdrawn_at timestamptz,
    revoked_at timestamptz,
    failed_tries smallint NOT NULL DEFAULT 0,
    CONSTRAINT a_token_opens_one_link UNIQUE (token_sha256),
    -- Asked for again with the same key it is the same link under another token: never two.
    CONSTRAINT a_link_is_made_once UNIQUE (journey_id, command_id),
    CONSTRAINT a_hash_is_sha256 CHECK (octet_length(token_sha256) = 32),
    CONSTRAINT purposes_are_known CHECK (purpose IN ('consent', 'journal', 'home_safe')),
    CONSTRAINT a_question_names_its_day CHECK ((purpose = 'home_safe') = (session_id IS NOT NULL)),
    CONSTRAINT a_consent_has_its_form CHECK ((purpose = 'consent') = (form IS NOT NULL)),
    CONSTRAINT only_consent_is_withdrawn CHECK (withdrawn_at IS NULL OR purpose = 'consent'),
    CONSTRAINT a_link_ends_after_it_begins CHECK (expires_at > made_at)
);
CREATE INDEX patient_links_by_journey ON patient_links (journey_id, made_at);

-- Who made, opened, tried, used or took back which link: nothing of the token, nothing of a patient.
CREATE TABLE patient_link_audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    what text NOT NULL,
    link_id text COLLATE "C" NOT NULL,
    journey_id text COLLATE "C" NOT NULL,
    clinic text COLLATE "C" NOT NULL,
    -- NULL: whoever came by the link.
    actor_id text,
    actor_role text,
    CONSTRAINT what_happens_is_known CHECK (
        what IN ('made', 'opened', 'failed', 'locked', 'used', 'withdrawn', 'revoked')
    )
);
CREATE INDEX patient_link_audit_by_journey ON patient_link_audit (journey_id, id);
CREATE TRIGGER the_trail_of_links_is_for_ever
    BEFORE UPDATE OR DELETE OR TRUNCATE ON patient_link_audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
