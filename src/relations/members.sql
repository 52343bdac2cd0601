-- The companies, individuals and relations of a case, by their ids.
SELECT jsonb_build_object(
    'main', (SELECT id FROM companies
        WHERE workspace_id = $1 AND case_id = $2 AND type = 'main'),
    'companies', (SELECT coalesce(jsonb_agg(id), '[]') FROM companies
        WHERE workspace_id = $1 AND case_id = $2),
    'individuals', (SELECT coalesce(jsonb_agg(id), '[]') FROM individuals
        WHERE workspace_id = $1 AND case_id = $2),
    'held', (SELECT coalesce(jsonb_agg(jsonb_build_array(id,
            coalesce(from_company_id, from_individual_id), to_company_id)), '[]')
        FROM relations WHERE workspace_id = $1 AND case_id = $2)
) AS "members!"
