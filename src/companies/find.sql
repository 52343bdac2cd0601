-- A company with the relations that it holds.
SELECT jsonb_build_object(
    'company', to_jsonb(e),
    'version', (SELECT version FROM cases WHERE workspace_id = $1 AND id = e.case_id),
    'relations', (SELECT coalesce(jsonb_agg(to_jsonb(r) ORDER BY r.id), '[]')
        FROM relations AS r
        WHERE r.workspace_id = $1 AND r.case_id = e.case_id AND r.from_company_id = e.id),
    'definitions', (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'target', target, 'key', key, 'type', type, 'settings', settings,
            'archived', archived_at IS NOT NULL,
            'options', (
                SELECT coalesce(jsonb_agg(o.key ORDER BY o.ordinal, o.key), '[]')
                FROM custom_property_options AS o
                WHERE o.workspace_id = $1 AND o.custom_property_id = p.id))
            ORDER BY key COLLATE "C"), '[]')
        FROM custom_properties AS p WHERE workspace_id = $1 AND target = 'company')
) AS "found!"
FROM companies AS e WHERE e.workspace_id = $1 AND e.id = $2
