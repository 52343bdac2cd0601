-- Batches with an idempotency key that are under way. The items of a batch are claimed by their places;
-- another batch with the key, in which they have moved, must not run beside it. A row whose server has
-- ended is taken over once its lease has.
CREATE TABLE running_batches (
    workspace_id uuid NOT NULL,
    key text NOT NULL,
    -- The request that holds the row.
    holder uuid NOT NULL,
    leased_until timestamptz NOT NULL,
    CONSTRAINT running_batches_pkey PRIMARY KEY (workspace_id, key)
);

CREATE INDEX running_batches_leased_until_idx ON running_batches (leased_until);
