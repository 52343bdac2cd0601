-- Relations by their ids: new ones, and what became of those that are there.
INSERT INTO relations (workspace_id, case_id, id, from_company_id, from_individual_id,
    to_company_id, roles, "position", ownership_percentage, voting_rights_percentage, created_at,
    updated_at)
SELECT $1, r.*
FROM jsonb_to_recordset($2) AS r (case_id uuid, id uuid, from_company_id uuid,
    from_individual_id uuid, to_company_id uuid, roles jsonb, "position" text,
    ownership_percentage double precision, voting_rights_percentage double precision,
    created_at timestamptz, updated_at timestamptz)
ON CONFLICT ON CONSTRAINT relations_pkey DO UPDATE SET to_company_id = excluded.to_company_id,
    roles = excluded.roles, "position" = excluded."position",
    ownership_percentage = excluded.ownership_percentage,
    voting_rights_percentage = excluded.voting_rights_percentage,
    updated_at = excluded.updated_at
