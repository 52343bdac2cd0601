-- Inserts or updates a property with its options.
WITH property AS (
    INSERT INTO custom_properties (workspace_id, id, target, key, label, type, settings,
        created_at, updated_at, archived_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT ON CONSTRAINT custom_properties_pkey DO UPDATE SET label = excluded.label,
        settings = excluded.settings, updated_at = excluded.updated_at,
        archived_at = excluded.archived_at
), options AS (
    SELECT o.option ->> 'key' AS key, o.option ->> 'label' AS label, o.ordinal
    FROM jsonb_array_elements($11::jsonb) WITH ORDINALITY AS o (option, ordinal)
), deleted AS (
    DELETE FROM custom_property_options
    WHERE workspace_id = $1 AND custom_property_id = $2
        AND key NOT IN (SELECT key FROM options)
)
INSERT INTO custom_property_options (workspace_id, custom_property_id, key, label, ordinal)
SELECT $1, $2, key, label, ordinal FROM options
ON CONFLICT ON CONSTRAINT custom_property_options_pkey DO UPDATE SET label = excluded.label,
    ordinal = excluded.ordinal
