-- Inserts the activities, events and deliveries ($2) of the changes of one transaction.
WITH activity_rows AS (
    INSERT INTO activities (workspace_id, id, case_id, company_id, individual_id, type, api_key_id,
        context, changes, created_at)
    SELECT $1, a.* FROM jsonb_to_recordset($2::jsonb -> 'activities') AS a (id uuid, case_id uuid,
        company_id uuid, individual_id uuid, type text, api_key_id text, context jsonb,
        changes jsonb, created_at timestamptz)
    RETURNING id, case_id
), unsealed_rows AS (
    INSERT INTO unsealed_activities (workspace_id, activity_id, case_id)
    SELECT $1, id, case_id FROM activity_rows
), event_rows AS (
    INSERT INTO outbox (workspace_id, id, case_id, company_id, individual_id, event, sub_event,
        version, subject, case_context, created_at)
    SELECT $1, e.* FROM jsonb_to_recordset($2 -> 'events') AS e (id uuid, case_id uuid,
        company_id uuid, individual_id uuid, event text, sub_event text, version bigint,
        subject jsonb, case_context jsonb, created_at timestamptz)
)
INSERT INTO webhook_logs (workspace_id, id, webhook_id, case_id, event_id, company_id,
    individual_id, event, version, endpoint, created_at, trace_parent, state, status_code, attempt_count, attempt_type,
    next_attempt_at, last_attempt_at)
SELECT $1, d.*, 'pending', 0, 0, 'first_call', d.created_at, d.created_at
FROM jsonb_to_recordset($2 -> 'deliveries') AS d (id uuid, webhook_id uuid, case_id uuid,
    event_id uuid, company_id uuid, individual_id uuid, event text, version bigint, endpoint text,
    created_at timestamptz, trace_parent text)
ORDER BY d.webhook_id, d.case_id
