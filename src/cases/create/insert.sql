-- Inserts cases of one workspace, with their parts, activities, events, deliveries and idempotency
-- keys: all rows, or none. Inserts none if the references of the workspace no longer have the version
-- with which the cases were checked ($12). Every case has an event: the caller counts these rows.
WITH gate AS MATERIALIZED (
    SELECT 1 WHERE $12::uuid IS NULL
        OR EXISTS (SELECT FROM reference_versions WHERE workspace_id = $1 AND version = $12)
), new AS MATERIALIZED (
    SELECT c.* FROM gate, jsonb_to_recordset($2::text::jsonb) AS c (id uuid, name text, status text,
        external_id text, template_id uuid, assignee_id uuid, space_slug text, metadata jsonb,
        custom_properties jsonb, item_digest bytea, created_at timestamptz, updated_at timestamptz,
        tags jsonb, reviews jsonb, companies jsonb, individuals jsonb, relations jsonb)
), case_rows AS (
    INSERT INTO cases (workspace_id, id, name, status, external_id, template_id, assignee_id,
        space_slug, metadata, custom_properties, item_digest, created_at, updated_at,
        last_activity_at, reference_version)
    SELECT $1, id, name, status, external_id, template_id, assignee_id, space_slug, metadata,
        custom_properties, item_digest, created_at, updated_at, updated_at, $12
    FROM new
), key_rows AS (
    INSERT INTO idempotency_keys (workspace_id, key, request_hash, case_id, location, body,
        created_at, status, version)
    SELECT $1, k.*, 201, 1
    FROM gate, unnest($6::text[], $7::bytea[], $8::uuid[], $9::text[], $10::bytea[],
        $11::timestamptz[]) AS k
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
), delivery_rows AS (
    INSERT INTO webhook_logs (workspace_id, id, webhook_id, case_id, event_id, company_id,
        individual_id, event, version, endpoint, created_at, trace_parent, state, status_code,
        attempt_count, attempt_type, next_attempt_at, last_attempt_at)
    SELECT $1, d.*, 'pending', 0, 0, 'first_call', d.created_at, d.created_at
    FROM gate, jsonb_to_recordset($5::text::jsonb) AS d (id uuid, webhook_id uuid, case_id uuid,
        event_id uuid, company_id uuid, individual_id uuid, event text, version bigint,
        endpoint text, created_at timestamptz, trace_parent text)
    ORDER BY d.webhook_id, d.case_id
), tag_rows AS (
    INSERT INTO case_tags (workspace_id, case_id, tag_id, ordinal)
    SELECT $1, new.id, t.id::uuid, t.ordinal
    FROM new, jsonb_array_elements_text(new.tags) WITH ORDINALITY AS t (id, ordinal)
), company_rows AS (
    INSERT INTO companies (workspace_id, case_id, created_at, updated_at, id, type, name,
        commercial_name, registration_number, registration_date, status, legal_form,
        entity_legal_form, country, address, classifications, banking_information, share_capital,
        tax_identification_number, website_url, employer_identification_number, custom_properties)
    SELECT $1, new.id, new.created_at, new.updated_at, c.*
    FROM new, jsonb_to_recordset(new.companies) AS c (id uuid, type text, name text,
        commercial_name text, registration_number text, registration_date date, status text,
        legal_form text, entity_legal_form text, country text, address jsonb,
        classifications jsonb, banking_information jsonb, share_capital text,
        tax_identification_number text, website_url text, employer_identification_number text,
        custom_properties jsonb)
), individual_rows AS (
    INSERT INTO individuals (workspace_id, case_id, created_at, updated_at, id, first_name,
        middle_name, last_name, maiden_name, is_business_contact, is_beneficial_owner,
        is_controlling_person, is_delegator, is_signatory, email, birth_date, birth_country,
        birth_place, gender, nationalities, address, banking_information,
        tax_identification_number, social_security_number, phone_number, custom_properties, roles,
        "position", ownership_percentage, voting_rights_percentage)
    SELECT $1, new.id, new.created_at, new.updated_at, i.*
    FROM new, jsonb_to_recordset(new.individuals) AS i (id uuid, first_name text,
        middle_name text, last_name text, maiden_name text, is_business_contact boolean,
        is_beneficial_owner boolean, is_controlling_person boolean, is_delegator boolean,
        is_signatory boolean, email text, birth_date date, birth_country text, birth_place text,
        gender text, nationalities jsonb, address jsonb, banking_information jsonb,
        tax_identification_number text, social_security_number text, phone_number text,
        custom_properties jsonb, roles jsonb, "position" text,
        ownership_percentage double precision, voting_rights_percentage double precision)
), relation_rows AS (
    INSERT INTO relations (workspace_id, case_id, created_at, updated_at, id, from_company_id,
        from_individual_id, to_company_id, roles, "position", ownership_percentage,
        voting_rights_percentage)
    SELECT $1, new.id, new.created_at, new.updated_at, r.*
    FROM new, jsonb_to_recordset(new.relations) AS r (id uuid, from_company_id uuid,
        from_individual_id uuid, to_company_id uuid, roles jsonb, "position" text,
        ownership_percentage double precision, voting_rights_percentage double precision)
), review_rows AS (
    INSERT INTO case_reviews (workspace_id, case_id, created_at, id, status, comment, reviewed_at,
        next_review_at)
    SELECT $1, new.id, new.updated_at, v.*
    FROM new, jsonb_to_recordset(new.reviews) AS v (id uuid, status text, comment text,
        reviewed_at timestamptz, next_review_at date)
)
INSERT INTO outbox (workspace_id, id, case_id, company_id, individual_id, event, sub_event,
    version, subject, case_context, created_at)
SELECT $1, e.* FROM gate, jsonb_to_recordset($4::text::jsonb) AS e (id uuid, case_id uuid,
    company_id uuid, individual_id uuid, event text, sub_event text, version bigint,
    subject jsonb, case_context jsonb, created_at timestamptz)
