-- Activities in the form that a seal covers: all columns, as a string that no PostgreSQL setting changes.
SELECT m.id AS "id!", m.case_id AS "case_id!", CASE WHEN a.id IS NOT NULL THEN
    jsonb_build_array(a.workspace_id, a.case_id, a.id, a.company_id, a.individual_id, a.type,
        a.api_key_id, a.context, a.changes, extract(epoch FROM a.created_at))::text END AS content
FROM unnest($2::uuid[], $3::uuid[]) WITH ORDINALITY AS m (id, case_id, ordinal)
LEFT JOIN activities AS a ON a.workspace_id = $1 AND a.case_id = m.case_id AND a.id = m.id
ORDER BY m.ordinal
