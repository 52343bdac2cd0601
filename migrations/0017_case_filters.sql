-- The filters of a case desk: who has a case, its template, its space; and companies by their number in a register. On
-- large tables each index can be made before the migration, without blocking anybody (docs/upgrading.md). A row is in
-- an index only if it has such a value, so that a case without one costs nothing more; a case is in exactly one of the
-- first two.
--
-- Metadata and custom properties have no index. A filter by one of their members reads the cases of the workspace (0.1
-- to 0.2 s for 200,000). A GIN index would take a third to a half more of the database's time for each create that has some, and
-- rows of other workspaces would be in it.
CREATE INDEX IF NOT EXISTS cases_assignee_idx ON cases (workspace_id, assignee_id, created_at, id)
    WHERE assignee_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS cases_unassigned_idx ON cases (workspace_id, created_at, id)
    WHERE assignee_id IS NULL;
CREATE INDEX IF NOT EXISTS cases_template_idx ON cases (workspace_id, template_id, created_at, id)
    WHERE template_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS cases_space_idx ON cases (workspace_id, space_slug, created_at, id)
    WHERE space_slug IS NOT NULL;
CREATE INDEX IF NOT EXISTS companies_registration_number_idx
    ON companies (workspace_id, registration_number, created_at, id)
    WHERE registration_number IS NOT NULL;
