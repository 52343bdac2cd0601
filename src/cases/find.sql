-- A whole case by its id, or by its external id if no case has that id.
SELECT (to_jsonb(c) || jsonb_build_object(
    'template', (SELECT jsonb_build_object('id', id, 'key', key, 'name', name) FROM templates
        WHERE workspace_id = $1 AND id = c.template_id),
    'assignee', (SELECT jsonb_build_object('id', id, 'first_name', first_name,
            'last_name', last_name, 'email', email, 'suspended', suspended_at IS NOT NULL)
        FROM users WHERE workspace_id = $1 AND id = c.assignee_id),
    'tags', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'label', t.label,
            'created_at', t.created_at)
            ORDER BY ct.ordinal), '[]')
        FROM case_tags AS ct JOIN tags AS t ON t.workspace_id = $1 AND t.id = ct.tag_id
        WHERE ct.workspace_id = $1 AND ct.case_id = c.id),
    'review', (SELECT to_jsonb(r) FROM case_reviews AS r
        WHERE r.workspace_id = $1 AND r.case_id = c.id AND r.status = c.status
        ORDER BY r.id DESC LIMIT 1),
    'companies', (SELECT coalesce(jsonb_agg(to_jsonb(e) ORDER BY e.id), '[]')
        FROM companies AS e WHERE e.workspace_id = $1 AND e.case_id = c.id),
    'individuals', (SELECT coalesce(jsonb_agg(to_jsonb(e) ORDER BY e.id), '[]')
        FROM individuals AS e WHERE e.workspace_id = $1 AND e.case_id = c.id),
    'relations', (SELECT coalesce(jsonb_agg(to_jsonb(e) ORDER BY e.id), '[]')
        FROM relations AS e WHERE e.workspace_id = $1 AND e.case_id = c.id),
    'definitions', (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'target', target, 'key', key, 'type', type, 'settings', settings,
            'archived', archived_at IS NOT NULL, 'options', '[]'::jsonb)
            ORDER BY target, key COLLATE "C"), '[]')
        FROM custom_properties WHERE workspace_id = $1)
))::text AS "found!"
FROM cases AS c
WHERE c.workspace_id = $1 AND (c.id = $2 OR c.external_id = $3)
ORDER BY (c.id = $2) DESC NULLS LAST LIMIT 1
