-- Cases and what belongs to one. Companies, individuals and relations carry the case in their
-- keys, so that a relation can never reach into another case.

CREATE TABLE cases (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    status text NOT NULL,
    external_id text,
    template_id uuid,
    assignee_id uuid,
    space_slug text,
    metadata jsonb,
    custom_properties jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT cases_pkey PRIMARY KEY (workspace_id, id),
    CONSTRAINT cases_external_id_key UNIQUE (workspace_id, external_id),
    CONSTRAINT cases_status_check
        CHECK (status IN ('draft', 'open', 'approved', 'rejected', 'closed')),
    CONSTRAINT cases_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
    CONSTRAINT cases_template_fkey FOREIGN KEY (workspace_id, template_id)
        REFERENCES templates (workspace_id, id),
    CONSTRAINT cases_assignee_fkey FOREIGN KEY (workspace_id, assignee_id)
        REFERENCES users (workspace_id, id),
    CONSTRAINT cases_space_fkey FOREIGN KEY (workspace_id, space_slug)
        REFERENCES spaces (workspace_id, slug)
);

-- `ordinal` is the place of the tag in the list that was given.
CREATE TABLE case_tags (
    workspace_id uuid NOT NULL,
    case_id uuid NOT NULL,
    tag_id uuid NOT NULL,
    ordinal integer NOT NULL,
    CONSTRAINT case_tags_pkey PRIMARY KEY (workspace_id, case_id, tag_id),
    CONSTRAINT case_tags_case_fkey FOREIGN KEY (workspace_id, case_id)
        REFERENCES cases (workspace_id, id) ON DELETE CASCADE,
    CONSTRAINT case_tags_tag_fkey FOREIGN KEY (workspace_id, tag_id)
        REFERENCES tags (workspace_id, id) ON DELETE CASCADE
);

CREATE TABLE companies (
    workspace_id uuid NOT NULL,
    case_id uuid NOT NULL,
    id uuid NOT NULL,
    type text NOT NULL,
    name text NOT NULL,
    commercial_name text,
    registration_number text,
    registration_date date,
    status text NOT NULL,
    legal_form text,
    entity_legal_form text,
    country text,
    address jsonb NOT NULL,
    classifications jsonb NOT NULL,
    banking_information jsonb NOT NULL,
    share_capital text,
    tax_identification_number text,
    website_url text,
    employer_identification_number text,
    custom_properties jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT companies_pkey PRIMARY KEY (workspace_id, case_id, id),
    CONSTRAINT companies_id_key UNIQUE (workspace_id, id),
    CONSTRAINT companies_type_check CHECK (type IN ('main', 'affiliated')),
    CONSTRAINT companies_status_check CHECK (status IN ('live', 'closed', 'not_reported')),
    CONSTRAINT companies_case_fkey FOREIGN KEY (workspace_id, case_id)
        REFERENCES cases (workspace_id, id) ON DELETE CASCADE
);

-- A case is about one company at the most.
CREATE UNIQUE INDEX companies_main_key ON companies (workspace_id, case_id) WHERE type = 'main';

-- The last four columns are what an individual says of itself in a case without companies; with a
-- main company that is a relation.
CREATE TABLE individuals (
    workspace_id uuid NOT NULL,
    case_id uuid NOT NULL,
    id uuid NOT NULL,
    first_name text NOT NULL,
    middle_name text,
    last_name text NOT NULL,
    maiden_name text,
    is_business_contact boolean NOT NULL,
    is_beneficial_owner boolean NOT NULL,
    is_controlling_person boolean NOT NULL,
    is_delegator boolean NOT NULL,
    is_signatory boolean NOT NULL,
    email text,
    birth_date date,
    birth_country text,
    birth_place text,
    gender text,
    nationalities jsonb,
    address jsonb NOT NULL,
    banking_information jsonb,
    tax_identification_number text,
    social_security_number text,
    phone_number text,
    custom_properties jsonb NOT NULL,
    roles jsonb NOT NULL,
    "position" text,
    ownership_percentage double precision,
    voting_rights_percentage double precision,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT individuals_pkey PRIMARY KEY (workspace_id, case_id, id),
    CONSTRAINT individuals_id_key UNIQUE (workspace_id, id),
    CONSTRAINT individuals_gender_check CHECK (gender IN ('male', 'female', 'other')),
    CONSTRAINT individuals_case_fkey FOREIGN KEY (workspace_id, case_id)
        REFERENCES cases (workspace_id, id) ON DELETE CASCADE
);

CREATE TABLE relations (
    workspace_id uuid NOT NULL,
    case_id uuid NOT NULL,
    id uuid NOT NULL,
    from_company_id uuid,
    from_individual_id uuid,
    to_company_id uuid NOT NULL,
    roles jsonb NOT NULL,
    "position" text,
    ownership_percentage double precision,
    voting_rights_percentage double precision,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT relations_pkey PRIMARY KEY (workspace_id, case_id, id),
    CONSTRAINT relations_one_holder_check
        CHECK (num_nonnulls(from_company_id, from_individual_id) = 1),
    CONSTRAINT relations_not_to_self_check CHECK (from_company_id <> to_company_id),
    CONSTRAINT relations_from_company_key
        UNIQUE (workspace_id, case_id, from_company_id, to_company_id),
    CONSTRAINT relations_from_individual_key
        UNIQUE (workspace_id, case_id, from_individual_id, to_company_id),
    CONSTRAINT relations_to_company_fkey FOREIGN KEY (workspace_id, case_id, to_company_id)
        REFERENCES companies (workspace_id, case_id, id) ON DELETE CASCADE,
    CONSTRAINT relations_from_company_fkey FOREIGN KEY (workspace_id, case_id, from_company_id)
        REFERENCES companies (workspace_id, case_id, id) ON DELETE CASCADE,
    CONSTRAINT relations_from_individual_fkey
        FOREIGN KEY (workspace_id, case_id, from_individual_id)
        REFERENCES individuals (workspace_id, case_id, id) ON DELETE CASCADE
);

CREATE INDEX relations_to_company_idx ON relations (workspace_id, case_id, to_company_id);
