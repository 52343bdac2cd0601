-- A whole case in one statement, with what it leaves besides: all of it, or nothing. Nothing too
-- where the references of the workspace no longer have the version with which it was checked: then
-- there is no event either, which every case has.
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
), delivery_rows AS (
    INSERT INTO webhook_logs (workspace_id, id, webhook_id, case_id, event_id, company_id,
        individual_id, event, version, endpoint, created_at, state, status_code, attempt_count,
        attempt_type, next_attempt_at, last_attempt_at)
    SELECT $1, d.*, 'pending', 0, 0, 'first_call', d.created_at, d.created_at
    FROM case_row, jsonb_to_recordset($3 -> 'deliveries') AS d (id uuid, webhook_id uuid, case_id uuid,
        event_id uuid, company_id uuid, individual_id uuid, event text, version bigint, endpoint text,
        created_at timestamptz)
), tag_rows AS (
    INSERT INTO case_tags (workspace_id, case_id, tag_id, ordinal)
    SELECT $1, case_row.id, (t.tag ->> 'id')::uuid, t.ordinal
    FROM case_row, jsonb_array_elements($2 -> 'tags') WITH ORDINALITY AS t (tag, ordinal)
), company_rows AS (
    INSERT INTO companies (workspace_id, case_id, id, type, name, commercial_name,
        registration_number, registration_date, status, legal_form, entity_legal_form, country,
        address, classifications, banking_information, share_capital, tax_identification_number,
        website_url, employer_identification_number, custom_properties, created_at, updated_at)
    SELECT $1, case_row.id, c.*, case_row.created_at, case_row.created_at
    FROM case_row, jsonb_to_recordset($2 -> 'companies') AS c (id uuid, type text, name text,
        commercial_name text, registration_number text, registration_date date, status text,
        legal_form text, entity_legal_form text, country text, address jsonb,
        classifications jsonb, banking_information jsonb, share_capital text,
        tax_identification_number text, website_url text, employer_identification_number text,
        custom_properties jsonb)
), individual_rows AS (
    INSERT INTO individuals (workspace_id, case_id, id, first_name, middle_name, last_name,
        maiden_name, is_business_contact, is_beneficial_owner, is_controlling_person,
        is_delegator, is_signatory, email, birth_date, birth_country, birth_place, gender,
        nationalities, address, banking_information, tax_identification_number,
        social_security_number, phone_number, custom_properties, roles, "position",
        ownership_percentage, voting_rights_percentage, created_at, updated_at)
    SELECT $1, case_row.id, i.*, case_row.created_at, case_row.created_at
    FROM case_row, jsonb_to_recordset($2 -> 'individuals') AS i (id uuid, first_name text,
        middle_name text, last_name text, maiden_name text, is_business_contact boolean,
        is_beneficial_owner boolean, is_controlling_person boolean, is_delegator boolean,
        is_signatory boolean, email text, birth_date date, birth_country text, birth_place text,
        gender text, nationalities jsonb, address jsonb, banking_information jsonb,
        tax_identification_number text, social_security_number text, phone_number text,
        custom_properties jsonb, roles jsonb, "position" text,
        ownership_percentage double precision, voting_rights_percentage double precision)
), relation_rows AS (
    INSERT INTO relations (workspace_id, case_id, id, from_company_id, from_individual_id,
        to_company_id, roles, "position", ownership_percentage, voting_rights_percentage, created_at,
        updated_at)
    SELECT $1, case_row.id, r.*, case_row.created_at, case_row.created_at
    FROM case_row, jsonb_to_recordset($2 -> 'relations') AS r (id uuid, from_company_id uuid,
        from_individual_id uuid, to_company_id uuid, roles jsonb, "position" text,
        ownership_percentage double precision, voting_rights_percentage double precision)
)
INSERT INTO outbox (workspace_id, id, case_id, company_id, individual_id, event, sub_event,
    version, subject, case_context, created_at)
SELECT $1, e.* FROM case_row, jsonb_to_recordset($3 -> 'events') AS e (id uuid, case_id uuid,
    company_id uuid, individual_id uuid, event text, sub_event text, version bigint,
    subject jsonb, case_context jsonb, created_at timestamptz)
