-- Writes rows of every kind in one statement. A row is found by its id (a space by its slug); an
-- archived or suspended row keeps the moment at which it became so.
WITH template_rows AS (
    INSERT INTO templates AS there
        (workspace_id, id, key, name, description, defaults, required, archived_at)
    SELECT $1, r.id, r.key, r.name, r.description, r.defaults, r.required,
        CASE WHEN r.archived THEN date_trunc('milliseconds', now()) END
    FROM jsonb_to_recordset($2::jsonb -> 'templates') AS r (id uuid, key text, name text,
        description text, defaults jsonb, required jsonb, archived boolean)
    ON CONFLICT ON CONSTRAINT templates_pkey DO UPDATE SET key = excluded.key,
        name = excluded.name, description = excluded.description, defaults = excluded.defaults,
        required = excluded.required, updated_at = date_trunc('milliseconds', now()),
        archived_at = CASE WHEN excluded.archived_at IS NOT NULL
            THEN coalesce(there.archived_at, excluded.archived_at) END
), tag_rows AS (
    INSERT INTO tags (workspace_id, id, label, folded_label)
    SELECT $1, r.id, r.label, r.folded_label
    FROM jsonb_to_recordset($2::jsonb -> 'tags') AS r (id uuid, label text, folded_label text)
    ON CONFLICT ON CONSTRAINT tags_pkey DO UPDATE SET label = excluded.label,
        folded_label = excluded.folded_label
), user_rows AS (
    INSERT INTO users AS there (workspace_id, id, first_name, last_name, email, suspended_at)
    SELECT $1, r.id, r.first_name, r.last_name, r.email, CASE WHEN r.suspended THEN date_trunc('milliseconds', now()) END
    FROM jsonb_to_recordset($2::jsonb -> 'users')
        AS r (id uuid, first_name text, last_name text, email text, suspended boolean)
    ON CONFLICT ON CONSTRAINT users_pkey DO UPDATE SET first_name = excluded.first_name,
        last_name = excluded.last_name, email = excluded.email,
        suspended_at = CASE WHEN excluded.suspended_at IS NOT NULL
            THEN coalesce(there.suspended_at, excluded.suspended_at) END
), space_rows AS (
    INSERT INTO spaces (workspace_id, slug, name)
    SELECT $1, r.slug, r.name
    FROM jsonb_to_recordset($2::jsonb -> 'spaces') AS r (slug text, name text)
    ON CONFLICT ON CONSTRAINT spaces_pkey DO UPDATE SET name = excluded.name
), property_rows AS (
    INSERT INTO custom_properties AS there
        (workspace_id, id, target, key, label, type, settings, archived_at)
    SELECT $1, r.id, r.target, r.key, r.label, r.type, r.settings,
        CASE WHEN r.archived THEN date_trunc('milliseconds', now()) END
    FROM jsonb_to_recordset($2::jsonb -> 'custom_properties') AS r (id uuid, target text, key text,
        label text, type text, settings jsonb, archived boolean)
    ON CONFLICT ON CONSTRAINT custom_properties_pkey DO UPDATE SET label = excluded.label,
        settings = excluded.settings, updated_at = date_trunc('milliseconds', now()),
        archived_at = CASE WHEN excluded.archived_at IS NOT NULL
            THEN coalesce(there.archived_at, excluded.archived_at) END
), options AS (
    SELECT p.id, o.option ->> 'key' AS key, o.option ->> 'label' AS label, o.ordinal
    FROM jsonb_to_recordset($2::jsonb -> 'custom_properties') AS p (id uuid, options jsonb),
        jsonb_array_elements(p.options) WITH ORDINALITY AS o (option, ordinal)
), gone_options AS (
    DELETE FROM custom_property_options AS there
    WHERE there.workspace_id = $1
        AND there.custom_property_id IN (
            SELECT p.id FROM jsonb_to_recordset($2::jsonb -> 'custom_properties') AS p (id uuid))
        AND NOT EXISTS (SELECT FROM options AS o
            WHERE o.id = there.custom_property_id AND o.key = there.key)
)
INSERT INTO custom_property_options (workspace_id, custom_property_id, key, label, ordinal)
SELECT $1, id, key, label, ordinal FROM options
ON CONFLICT ON CONSTRAINT custom_property_options_pkey DO UPDATE SET label = excluded.label,
    ordinal = excluded.ordinal
