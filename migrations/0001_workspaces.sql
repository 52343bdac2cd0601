-- Workspaces (the tenants), their keys, and what a case can refer to. The workspace is the first
-- column of every key of tenant data, so that tables can be distributed by it.

CREATE TABLE workspaces (
    id uuid NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT workspaces_pkey PRIMARY KEY (id),
    CONSTRAINT workspaces_name_key UNIQUE (name)
);

-- A key is stored as the SHA-256 of its text; `id` is its public part, which finds the row.
CREATE TABLE api_keys (
    id text NOT NULL,
    workspace_id uuid NOT NULL,
    hash bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    CONSTRAINT api_keys_pkey PRIMARY KEY (id),
    CONSTRAINT api_keys_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
);

CREATE TABLE users (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    first_name text NOT NULL,
    last_name text NOT NULL,
    email text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    suspended_at timestamptz,
    CONSTRAINT users_pkey PRIMARY KEY (workspace_id, id),
    CONSTRAINT users_email_key UNIQUE (workspace_id, email),
    CONSTRAINT users_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
);

CREATE TABLE templates (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    archived_at timestamptz,
    CONSTRAINT templates_pkey PRIMARY KEY (workspace_id, id),
    CONSTRAINT templates_key_key UNIQUE (workspace_id, key),
    CONSTRAINT templates_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
);

-- `folded_label` is the label without case, folded by the server: the same on every database.
CREATE TABLE tags (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    label text NOT NULL,
    folded_label text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tags_pkey PRIMARY KEY (workspace_id, id),
    CONSTRAINT tags_folded_label_key UNIQUE (workspace_id, folded_label),
    CONSTRAINT tags_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
);

CREATE TABLE spaces (
    workspace_id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT spaces_pkey PRIMARY KEY (workspace_id, slug),
    CONSTRAINT spaces_slug_check CHECK (slug ~ '^space_[A-Za-z0-9]{12}$'),
    CONSTRAINT spaces_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
);

CREATE TABLE custom_properties (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    target text NOT NULL,
    key text NOT NULL,
    label text NOT NULL,
    type text NOT NULL,
    settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    archived_at timestamptz,
    CONSTRAINT custom_properties_pkey PRIMARY KEY (workspace_id, id),
    CONSTRAINT custom_properties_key_key UNIQUE (workspace_id, target, key),
    CONSTRAINT custom_properties_target_check CHECK (target IN ('case', 'company', 'individual')),
    CONSTRAINT custom_properties_type_check CHECK (type IN (
        'text', 'email', 'url', 'date', 'phone_number', 'boolean', 'numeric', 'choices',
        'countries')),
    CONSTRAINT custom_properties_workspace_fkey FOREIGN KEY (workspace_id)
        REFERENCES workspaces (id)
);

CREATE TABLE custom_property_options (
    workspace_id uuid NOT NULL,
    custom_property_id uuid NOT NULL,
    key text NOT NULL,
    label text NOT NULL,
    CONSTRAINT custom_property_options_pkey PRIMARY KEY (workspace_id, custom_property_id, key),
    CONSTRAINT custom_property_options_property_fkey
        FOREIGN KEY (workspace_id, custom_property_id)
        REFERENCES custom_properties (workspace_id, id) ON DELETE CASCADE
);
