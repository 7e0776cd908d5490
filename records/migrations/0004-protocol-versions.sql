-- The protocols that journeys are treated by, value by value: who would feel a new version can be
-- told from the record, without asking a single journey.
-- New tables only: the release before neither reads nor writes them.
-- depends: 0001-journey-record

-- Two files may carry one version by mistake; what counts is what they say.
CREATE TABLE protocol_versions (
    digest bytea PRIMARY KEY,
    code text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    content jsonb NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT a_digest_is_sha256 CHECK (octet_length(digest) = 32)
);
CREATE INDEX protocol_versions_by_name ON protocol_versions (version, code, kept_at);

CREATE TABLE journey_protocols (
    journey_id text COLLATE "C" PRIMARY KEY,
    digest bytea NOT NULL REFERENCES protocol_versions,
    -- The newest fact of the batch that said so: a late batch pins nothing anew.
    sequence bigint NOT NULL
);
CREATE INDEX journey_protocols_by_digest ON journey_protocols (digest);
