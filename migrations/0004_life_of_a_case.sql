-- What becomes of a case after its creation: versions, reviews, relevance, and the order of lists.

-- The version is that of a case with everything that belongs to it: each write to any of it adds
-- one. `updated_at` is that of the case's own row, `last_activity_at` that of all of it.
ALTER TABLE cases ADD COLUMN version bigint NOT NULL DEFAULT 1;
ALTER TABLE cases ADD COLUMN last_activity_at timestamptz;
UPDATE cases SET last_activity_at = updated_at;
ALTER TABLE cases ALTER COLUMN last_activity_at SET NOT NULL;

ALTER TABLE companies ADD COLUMN is_relevant boolean NOT NULL DEFAULT true;
ALTER TABLE individuals ADD COLUMN is_relevant boolean NOT NULL DEFAULT true;

CREATE TABLE case_reviews (
    workspace_id uuid NOT NULL,
    case_id uuid NOT NULL,
    id uuid NOT NULL,
    status text NOT NULL,
    comment text,
    reviewed_at timestamptz NOT NULL,
    next_review_at date,
    created_at timestamptz NOT NULL,
    CONSTRAINT case_reviews_pkey PRIMARY KEY (workspace_id, case_id, id),
    CONSTRAINT case_reviews_status_check CHECK (status IN ('approved', 'rejected', 'closed')),
    CONSTRAINT case_reviews_next_check CHECK (next_review_at IS NULL OR status = 'approved'),
    CONSTRAINT case_reviews_case_fkey FOREIGN KEY (workspace_id, case_id)
        REFERENCES cases (workspace_id, id) ON DELETE CASCADE
);

-- The default order of the lists, and of their cursors.
CREATE INDEX cases_created_at_idx ON cases (workspace_id, created_at, id);
CREATE INDEX companies_created_at_idx ON companies (workspace_id, created_at, id);
CREATE INDEX individuals_created_at_idx ON individuals (workspace_id, created_at, id);

-- Who has a tag: for the filter, and for its deletion.
CREATE INDEX case_tags_tag_idx ON case_tags (workspace_id, tag_id);
