-- What a workspace defines for itself can be changed over the API.

-- A template is more than a label: `defaults` fill what a new case does not say, `required` lists
-- what an open case must have.
ALTER TABLE templates ADD COLUMN description text;
ALTER TABLE templates ADD COLUMN defaults jsonb NOT NULL DEFAULT '{}';
ALTER TABLE templates ADD COLUMN required jsonb NOT NULL DEFAULT '[]';
ALTER TABLE templates ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();

ALTER TABLE custom_properties ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();

ALTER TABLE users ADD COLUMN role text NOT NULL DEFAULT 'analyst';

-- The default order of the lists.
CREATE INDEX templates_updated_at_idx ON templates (workspace_id, updated_at, id);
CREATE INDEX tags_created_at_idx ON tags (workspace_id, created_at, id);
CREATE INDEX custom_properties_created_at_idx
    ON custom_properties (workspace_id, target, created_at, id);
CREATE INDEX users_created_at_idx ON users (workspace_id, created_at, id);
CREATE INDEX spaces_created_at_idx ON spaces (workspace_id, created_at, slug);
