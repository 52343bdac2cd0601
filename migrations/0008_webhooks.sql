-- Endpoints that are told of events, the outbox of events, and what became of each delivery.

-- A webhook that is deleted stays, without its secrets, as long as the logs of its deliveries.
-- `previous_secret` signs too until `previous_secret_until`, so that a receiver can change over.
CREATE TABLE webhooks (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    status text NOT NULL,
    type text NOT NULL,
    url text NOT NULL,
    events text[] NOT NULL,
    secret text NOT NULL,
    previous_secret text,
    previous_secret_until timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    CONSTRAINT webhooks_pkey PRIMARY KEY (workspace_id, id),
    CONSTRAINT webhooks_status_check CHECK (status IN ('online', 'offline')),
    CONSTRAINT webhooks_type_check CHECK (type IN ('user', 'system')),
    CONSTRAINT webhooks_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
);

CREATE INDEX webhooks_updated_at_idx ON webhooks (workspace_id, updated_at, id);

-- An event is written with the change that caused it. `subject` is the case, company or individual
-- as it was then, and `case_context` the case around it: only where an endpoint waits for the
-- event, and only until the case is deleted.
CREATE TABLE outbox (
    workspace_id uuid NOT NULL,
    case_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid,
    individual_id uuid,
    event text NOT NULL,
    sub_event text,
    version bigint NOT NULL,
    subject jsonb,
    case_context jsonb,
    created_at timestamptz NOT NULL,
    CONSTRAINT outbox_pkey PRIMARY KEY (workspace_id, case_id, id)
);

CREATE INDEX outbox_created_at_idx ON outbox USING brin (created_at);

-- One event on its way to one endpoint. A worker that delivers it holds it until `leased_until`.
CREATE TABLE webhook_logs (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    case_id uuid NOT NULL,
    event_id uuid NOT NULL,
    company_id uuid,
    individual_id uuid,
    event text NOT NULL,
    version bigint NOT NULL,
    endpoint text NOT NULL,
    state text NOT NULL,
    status_code integer NOT NULL,
    attempt_count integer NOT NULL,
    attempt_type text NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    leased_until timestamptz,
    last_attempt_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT webhook_logs_pkey PRIMARY KEY (workspace_id, id),
    CONSTRAINT webhook_logs_state_check
        CHECK (state IN ('pending', 'delivered', 'failed', 'erased')),
    CONSTRAINT webhook_logs_attempt_type_check
        CHECK (attempt_type IN ('first_call', 'manual_retry', 'automatic_retry')),
    CONSTRAINT webhook_logs_webhook_fkey FOREIGN KEY (workspace_id, webhook_id)
        REFERENCES webhooks (workspace_id, id) ON DELETE CASCADE,
    CONSTRAINT webhook_logs_event_fkey FOREIGN KEY (workspace_id, case_id, event_id)
        REFERENCES outbox (workspace_id, case_id, id) ON DELETE CASCADE
);

CREATE INDEX webhook_logs_created_at_idx ON webhook_logs (workspace_id, created_at, id);
CREATE INDEX webhook_logs_event_idx ON webhook_logs (workspace_id, case_id, event_id);
CREATE INDEX webhook_logs_webhook_idx ON webhook_logs (workspace_id, webhook_id);
CREATE INDEX webhook_logs_company_idx ON webhook_logs (workspace_id, company_id)
    WHERE company_id IS NOT NULL;
CREATE INDEX webhook_logs_individual_idx ON webhook_logs (workspace_id, individual_id)
    WHERE individual_id IS NOT NULL;
-- What is still to be delivered: by endpoint when it is due, and by case in the order of its events.
CREATE INDEX webhook_logs_pending_idx
    ON webhook_logs (workspace_id, webhook_id, next_attempt_at, id)
    WHERE state = 'pending';
CREATE INDEX webhook_logs_pending_case_idx
    ON webhook_logs (workspace_id, webhook_id, case_id, version, id)
    WHERE state = 'pending';

-- One request to an endpoint, and what came back; `status_code` is 0 where nothing did.
CREATE TABLE webhook_log_attempts (
    workspace_id uuid NOT NULL,
    log_id uuid NOT NULL,
    ordinal integer NOT NULL,
    type text NOT NULL,
    endpoint text NOT NULL,
    status_code integer NOT NULL,
    request_headers jsonb NOT NULL,
    response_headers jsonb,
    response_body text,
    error text,
    attempted_at timestamptz NOT NULL,
    CONSTRAINT webhook_log_attempts_pkey PRIMARY KEY (workspace_id, log_id, ordinal),
    CONSTRAINT webhook_log_attempts_log_fkey FOREIGN KEY (workspace_id, log_id)
        REFERENCES webhook_logs (workspace_id, id) ON DELETE CASCADE
);
