-- Every definition of a workspace, with the keys of its options.
SELECT coalesce(jsonb_agg(jsonb_build_object(
    'target', target, 'key', key, 'type', type, 'settings', settings,
    'archived', archived_at IS NOT NULL,
    'options', (
        SELECT coalesce(jsonb_agg(o.key ORDER BY o.ordinal, o.key), '[]')
        FROM custom_property_options AS o
        WHERE o.workspace_id = $1 AND o.custom_property_id = p.id))
    ORDER BY target, key COLLATE "C"), '[]') AS "definitions!"
FROM custom_properties AS p WHERE workspace_id = $1
