-- insert.sql for a case by itself, without the parts for what it does not have: these cost as much as
-- the rest, even where they have nothing to do.
WITH case_row AS (
    INSERT INTO cases (workspace_id, id, name, status, external_id, template_id, assignee_id,
        space_slug, metadata, custom_properties, created_at, updated_at, last_activity_at)
    SELECT $1, c.id, c.name, c.status, c.external_id, (c.template ->> 'id')::uuid,
        (c.assignee ->> 'id')::uuid, c.space_slug, nullif(c.metadata, 'null'),
        c.custom_properties, c.created_at, c.created_at, c.created_at
    FROM jsonb_to_record($2::jsonb) AS c (id uuid, name text, status text, external_id text,
        template jsonb, assignee jsonb, space_slug text, metadata jsonb, custom_properties jsonb,
        created_at timestamptz)
    WHERE $9::bigint IS NULL
        OR EXISTS (SELECT FROM reference_versions WHERE workspace_id = $1 AND version = $9)
    RETURNING id, created_at
), key_row AS (
    INSERT INTO idempotency_keys (workspace_id, key, request_hash, case_id, status, location,
        version, body, created_at)
    SELECT $1, $4, $5, id, $6, $7, 1, $8, created_at FROM case_row WHERE $4::text IS NOT NULL
), activity_rows AS (
    INSERT INTO activities (workspace_id, id, case_id, company_id, individual_id, type, api_key_id,
        context, changes, created_at)
    SELECT $1, a.* FROM case_row, jsonb_to_recordset($3::jsonb -> 'activities') AS a (id uuid, case_id uuid,
        company_id uuid, individual_id uuid, type text, api_key_id text, context jsonb,
        changes jsonb, created_at timestamptz)
    RETURNING id, case_id
), unsealed_rows AS (
    INSERT INTO unsealed_activities (workspace_id, activity_id, case_id)
    SELECT $1, id, case_id FROM activity_rows
)
INSERT INTO outbox (workspace_id, id, case_id, company_id, individual_id, event, sub_event,
    version, subject, case_context, created_at)
SELECT $1, e.* FROM case_row, jsonb_to_recordset($3 -> 'events') AS e (id uuid, case_id uuid,
    company_id uuid, individual_id uuid, event text, sub_event text, version bigint,
    subject jsonb, case_context jsonb, created_at timestamptz)
