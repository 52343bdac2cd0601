-- The references of a request, and the definitions of the custom properties. Includes up to 200
-- candidates for suggestions of each kind.
SELECT jsonb_build_object(
    'version', (SELECT version FROM reference_versions WHERE workspace_id = $1),
    'template', (
        SELECT jsonb_build_object('id', id, 'key', key, 'name', name, 'defaults', defaults,
            'required', required) FROM templates
        WHERE workspace_id = $1
            AND (archived_at IS NULL AND (key = $2 OR id = $3) OR id = $8)),
    'template_is_archived', EXISTS (
        SELECT FROM templates
        WHERE workspace_id = $1 AND archived_at IS NOT NULL AND (key = $2 OR id = $3)),
    'default_tags', (
        SELECT coalesce(jsonb_agg(jsonb_build_object('id', g.id, 'label', g.label,
            'created_at', g.created_at) ORDER BY d.ordinal), '[]')
        FROM templates AS t,
            jsonb_array_elements_text(t.defaults -> 'tags') WITH ORDINALITY AS d (id, ordinal),
            tags AS g
        WHERE t.workspace_id = $1 AND t.archived_at IS NULL AND (t.key = $2 OR t.id = $3)
            AND g.workspace_id = $1 AND g.id = d.id::uuid),
    'default_assignee', (
        SELECT jsonb_build_object('id', u.id, 'first_name', u.first_name,
            'last_name', u.last_name, 'email', u.email, 'suspended', u.suspended_at IS NOT NULL)
        FROM templates AS t JOIN users AS u
            ON u.workspace_id = $1 AND u.id = (t.defaults ->> 'assignee_id')::uuid
        WHERE t.workspace_id = $1 AND t.archived_at IS NULL AND (t.key = $2 OR t.id = $3)),
    'template_keys', (
        SELECT coalesce(jsonb_agg(key), '[]') FROM (
            SELECT key FROM templates
            WHERE workspace_id = $1 AND archived_at IS NULL AND ($2::text IS NOT NULL)
            ORDER BY key LIMIT 200) AS keys),
    'assignee', (
        SELECT jsonb_build_object('id', id, 'first_name', first_name, 'last_name', last_name,
            'email', email, 'suspended', suspended_at IS NOT NULL)
        FROM users WHERE workspace_id = $1 AND id = $4),
    'space_exists', EXISTS (SELECT FROM spaces WHERE workspace_id = $1 AND slug = $5),
    'space_slugs', (
        SELECT coalesce(jsonb_agg(slug), '[]') FROM (
            SELECT slug FROM spaces WHERE workspace_id = $1 AND ($5::text IS NOT NULL)
            ORDER BY slug LIMIT 200) AS slugs),
    'tags', (
        SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'label', label,
            'created_at', created_at)), '[]') FROM (
            SELECT id, label, created_at FROM tags
            WHERE workspace_id = $1 AND (folded_label = ANY ($6) OR id::text = ANY ($6))
            UNION
            (SELECT id, label, created_at FROM tags WHERE workspace_id = $1 AND cardinality($6) > 0
            ORDER BY folded_label LIMIT 200)) AS candidates),
    'external_id_case', (SELECT id FROM cases WHERE workspace_id = $1 AND external_id = $7),
    'definitions', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'target', target, 'key', key, 'type', type, 'settings', settings,
            'archived', archived_at IS NOT NULL,
            'options', (
                SELECT coalesce(jsonb_agg(o.key ORDER BY o.ordinal, o.key), '[]')
                FROM custom_property_options AS o
                WHERE o.workspace_id = $1 AND o.custom_property_id = p.id))
            ORDER BY target, key COLLATE "C"), '[]')
        FROM custom_properties AS p WHERE workspace_id = $1),
    'endpoints', (
        SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'url', url, 'events', events)), '[]')
        FROM webhooks WHERE workspace_id = $1 AND status = 'online' AND deleted_at IS NULL)
) AS "references!: Json<References>"
