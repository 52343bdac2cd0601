-- Everything that a file can describe, in one round trip.
SELECT jsonb_build_object(
    'templates', (
        SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'key', key, 'name', name,
            'description', description, 'defaults', defaults, 'required', required,
            'archived', archived_at IS NOT NULL)), '[]')
        FROM templates WHERE workspace_id = $1),
    'tags', (
        SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'label', label,
            'folded_label', folded_label)), '[]')
        FROM tags WHERE workspace_id = $1),
    'users', (
        SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'first_name', first_name,
            'last_name', last_name, 'email', email, 'suspended', suspended_at IS NOT NULL)), '[]')
        FROM users WHERE workspace_id = $1),
    'spaces', (
        SELECT coalesce(jsonb_agg(jsonb_build_object('slug', slug, 'name', name)), '[]')
        FROM spaces WHERE workspace_id = $1),
    'custom_properties', (
        SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'target', target, 'key', key,
            'label', label, 'type', type, 'settings', settings,
            'archived', archived_at IS NOT NULL,
            'options', (
                SELECT coalesce(jsonb_agg(jsonb_build_object('key', o.key, 'label', o.label)
                    ORDER BY o.ordinal, o.key), '[]')
                FROM custom_property_options AS o
                WHERE o.workspace_id = $1 AND o.custom_property_id = p.id))), '[]')
        FROM custom_properties AS p WHERE workspace_id = $1)
) AS "contents!"
