-- A case without its companies, individuals and relations.
SELECT to_jsonb(c) || jsonb_build_object(
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
        ORDER BY r.id DESC LIMIT 1)
) AS "header!"
FROM cases AS c
WHERE c.workspace_id = $1 AND (c.id = $2 OR c.external_id = $3)
ORDER BY (c.id = $2) DESC NULLS LAST LIMIT 1
