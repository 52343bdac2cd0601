-- insert.sql for cases without companies, individuals, tags, reviews and deliveries. The CTEs for them
-- take as long as all others, even if they insert no rows.
WITH gate AS MATERIALIZED (
    SELECT 1 WHERE $11::uuid IS NULL
        OR EXISTS (SELECT FROM reference_versions WHERE workspace_id = $1 AND version = $11)
), case_rows AS (
    INSERT INTO cases (workspace_id, id, name, status, external_id, template_id, assignee_id,
        space_slug, metadata, custom_properties, item_digest, created_at, updated_at,
        last_activity_at, reference_version)
    SELECT $1, c.*, c.updated_at, $11
    FROM gate, jsonb_to_recordset($2::text::jsonb) AS c (id uuid, name text, status text, external_id text,
        template_id uuid, assignee_id uuid, space_slug text, metadata jsonb,
        custom_properties jsonb, item_digest bytea, created_at timestamptz, updated_at timestamptz)
), key_rows AS (
    INSERT INTO idempotency_keys (workspace_id, key, request_hash, case_id, location, body,
        created_at, status, version)
    SELECT $1, k.*, 201, 1
    FROM gate, unnest($5::text[], $6::bytea[], $7::uuid[], $8::text[], $9::bytea[],
        $10::timestamptz[]) AS k
), activity_rows AS (
    INSERT INTO activities (workspace_id, id, case_id, company_id, individual_id, type, api_key_id,
        context, changes, created_at)
    SELECT $1, a.* FROM gate, jsonb_to_recordset($3::text::jsonb) AS a (id uuid, case_id uuid,
        company_id uuid, individual_id uuid, type text, api_key_id text, context jsonb,
        changes jsonb, created_at timestamptz)
    RETURNING id, case_id
), unsealed_rows AS (
    INSERT INTO unsealed_activities (workspace_id, activity_id, case_id)
    SELECT $1, id, case_id FROM activity_rows
)
INSERT INTO outbox (workspace_id, id, case_id, company_id, individual_id, event, sub_event,
    version, subject, case_context, created_at)
SELECT $1, e.* FROM gate, jsonb_to_recordset($4::text::jsonb) AS e (id uuid, case_id uuid,
    company_id uuid, individual_id uuid, event text, sub_event text, version bigint,
    subject jsonb, case_context jsonb, created_at timestamptz)
