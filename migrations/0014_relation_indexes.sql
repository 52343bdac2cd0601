-- The deletion of an entity looks for its relations, once for each entity of a case. Without statistics
-- PostgreSQL takes any index that begins with two of the columns that it looks for to be as good as
-- any other: with the case in the second place of all of them, it read all relations of the case for
-- each of its entities. An id of an entity is unique in its workspace, so that the case is not needed.
ALTER TABLE relations
    DROP CONSTRAINT relations_from_company_key,
    DROP CONSTRAINT relations_from_individual_key;
DROP INDEX relations_to_company_idx;

CREATE UNIQUE INDEX relations_from_company_key
    ON relations (workspace_id, from_company_id, to_company_id);
CREATE UNIQUE INDEX relations_from_individual_key
    ON relations (workspace_id, from_individual_id, to_company_id);
CREATE INDEX relations_to_company_idx ON relations (workspace_id, to_company_id);
