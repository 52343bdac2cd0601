-- The version of everything that a new case can refer to in a workspace, which each change of it
-- renews in its own transaction. A server that remembers what it has read says with its write which
-- version that was, and the write then does nothing where there has been another since.
-- A version is random and not a number, which would come again after a restore or a failover.
CREATE TABLE reference_versions (
    workspace_id uuid NOT NULL,
    version uuid NOT NULL,
    CONSTRAINT reference_versions_pkey PRIMARY KEY (workspace_id),
    CONSTRAINT reference_versions_workspace_fkey FOREIGN KEY (workspace_id)
        REFERENCES workspaces (id)
);

INSERT INTO reference_versions (workspace_id, version) SELECT id, gen_random_uuid() FROM workspaces;

CREATE FUNCTION begin_reference_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reference_versions (workspace_id, version) VALUES (NEW.id, gen_random_uuid());
    RETURN NULL;
END $$;

CREATE TRIGGER workspaces_reference_version AFTER INSERT ON workspaces
    FOR EACH ROW EXECUTE FUNCTION begin_reference_version();

-- Once for a statement, however many rows it changes.
CREATE FUNCTION renew_reference_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE reference_versions SET version = gen_random_uuid()
    WHERE workspace_id IN (SELECT workspace_id FROM changed);
    RETURN NULL;
END $$;

CREATE FUNCTION renew_reference_versions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE reference_versions SET version = gen_random_uuid();
    RETURN NULL;
END $$;

-- Triggers, and not the statements of a server: a hand at the database must be seen too. A
-- transition table belongs to one kind of change, hence several for each table.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['users', 'templates', 'tags', 'spaces', 'custom_properties',
        'custom_property_options', 'webhooks'] LOOP
        EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %I REFERENCING NEW TABLE AS changed
            FOR EACH STATEMENT EXECUTE FUNCTION renew_reference_version()',
            name || '_inserted_reference', name);
        EXECUTE format('CREATE TRIGGER %I AFTER UPDATE ON %I REFERENCING NEW TABLE AS changed
            FOR EACH STATEMENT EXECUTE FUNCTION renew_reference_version()',
            name || '_updated_reference', name);
        EXECUTE format('CREATE TRIGGER %I AFTER DELETE ON %I REFERENCING OLD TABLE AS changed
            FOR EACH STATEMENT EXECUTE FUNCTION renew_reference_version()',
            name || '_deleted_reference', name);
        EXECUTE format('CREATE TRIGGER %I AFTER TRUNCATE ON %I
            FOR EACH STATEMENT EXECUTE FUNCTION renew_reference_versions()',
            name || '_truncated_reference', name);
    END LOOP;
END $$;
