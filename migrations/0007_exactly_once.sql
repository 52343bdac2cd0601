-- What a request leaves besides its rows: the answer of its idempotency key, its activities, its
-- events. All of it is written in the transaction of the request. Rows here have no foreign keys to
-- cases, which they outlive.

-- The first answer to a key. `request_hash` is the SHA-256 of method, path and body; `case_id` is
-- the case whose data the answer holds. With the case goes the body, and not the row: a repeated
-- request must not make the case again.
CREATE TABLE idempotency_keys (
    workspace_id uuid NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    case_id uuid,
    status smallint NOT NULL,
    location text,
    version bigint,
    body bytea,
    created_at timestamptz NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (workspace_id, key)
);

CREATE INDEX idempotency_keys_case_idx ON idempotency_keys (workspace_id, case_id)
    WHERE case_id IS NOT NULL;
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys USING brin (created_at);

-- Who did what to which case. `changes` names fields and never holds a personal value.
CREATE TABLE activities (
    workspace_id uuid NOT NULL,
    case_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid,
    individual_id uuid,
    type text NOT NULL,
    api_key_id text NOT NULL,
    context jsonb NOT NULL,
    changes jsonb,
    created_at timestamptz NOT NULL,
    CONSTRAINT activities_pkey PRIMARY KEY (workspace_id, case_id, id)
);

CREATE INDEX activities_created_at_idx ON activities (workspace_id, created_at, id);
CREATE INDEX activities_company_idx ON activities (workspace_id, company_id)
    WHERE company_id IS NOT NULL;
CREATE INDEX activities_individual_idx ON activities (workspace_id, individual_id)
    WHERE individual_id IS NOT NULL;

-- Activities that no seal covers yet; written beside them, taken by the next seal. A row that is
-- committed late is here when its seal is made, whenever that is.
CREATE TABLE unsealed_activities (
    workspace_id uuid NOT NULL,
    activity_id uuid NOT NULL,
    case_id uuid NOT NULL,
    CONSTRAINT unsealed_activities_pkey PRIMARY KEY (workspace_id, activity_id)
);

-- The chain of seals of a workspace. Each lists its activities with the SHA-256 of each row, and its
-- own digest is over these and the digest of the seal before it.
CREATE TABLE activity_seals (
    workspace_id uuid NOT NULL,
    sequence bigint NOT NULL,
    activity_ids uuid[] NOT NULL,
    case_ids uuid[] NOT NULL,
    row_digests bytea[] NOT NULL,
    previous bytea NOT NULL,
    digest bytea NOT NULL,
    sealed_at timestamptz NOT NULL,
    CONSTRAINT activity_seals_pkey PRIMARY KEY (workspace_id, sequence),
    CONSTRAINT activity_seals_sequence_check CHECK (sequence >= 1),
    CONSTRAINT activity_seals_members_check
        CHECK (cardinality(activity_ids) = cardinality(row_digests)
            AND cardinality(activity_ids) = cardinality(case_ids))
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER activities_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON activities
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER activity_seals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON activity_seals
    EXECUTE FUNCTION refuse_change();
