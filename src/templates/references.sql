-- The tags, the user and the custom properties that the defaults of a template refer to. The tags include up to 200
-- candidates for suggestions.
SELECT jsonb_build_object(
    'tags', (
        SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'label', label,
            'created_at', created_at)), '[]') FROM (
            SELECT id, label, created_at FROM tags
            WHERE workspace_id = $1 AND (folded_label = ANY ($2) OR id::text = ANY ($2))
            UNION
            (SELECT id, label, created_at FROM tags
            WHERE workspace_id = $1 AND cardinality($2::text[]) > 0
            ORDER BY folded_label LIMIT 200)) AS known),
    'assignee', (
        SELECT jsonb_build_object('id', id, 'first_name', first_name, 'last_name', last_name,
            'email', email, 'suspended', suspended_at IS NOT NULL)
        FROM users WHERE workspace_id = $1 AND id = $3),
    'definitions', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'target', target, 'key', key, 'type', type, 'settings', settings,
            'archived', archived_at IS NOT NULL,
            'options', (
                SELECT coalesce(jsonb_agg(o.key ORDER BY o.ordinal, o.key), '[]')
                FROM custom_property_options AS o
                WHERE o.workspace_id = $1 AND o.custom_property_id = p.id))), '[]')
        FROM custom_properties AS p WHERE workspace_id = $1)
) AS "known!"
