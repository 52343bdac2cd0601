-- The pending deliveries of one case to one endpoint are a queue: they are made one after the other, by
-- version and id. Each queue that is not empty has a row here, with its first delivery. `due_at` is the moment
-- from which that may be taken: its next attempt, or the end of its lease where a server holds it.
--
-- A row follows from webhook_logs alone, and triggers write it: a server of the version before, or a
-- statement typed by hand, cannot leave a delivery that no queue knows. So there is no foreign key either.
CREATE TABLE webhook_queues (
    workspace_id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    case_id uuid NOT NULL,
    log_id uuid NOT NULL,
    due_at timestamptz NOT NULL,
    CONSTRAINT webhook_queues_pkey PRIMARY KEY (workspace_id, webhook_id, case_id)
);

-- The condition holds for every row. It keeps the index from being chosen where one queue is looked up by its
-- key, which over an empty table costs the same by estimate, and by plans that are kept then it is read whole.
CREATE INDEX webhook_queues_due_idx ON webhook_queues (workspace_id, webhook_id, due_at)
    WHERE due_at IS NOT NULL;

-- Makes the row of one queue what its pending deliveries say. The row is locked before they are read, each
-- statement of a function has a snapshot of its own, and every writer of a delivery comes through here with
-- it: of two that run at once the second sees what the first has written. Where there is no row to lock, the
-- second waits for that of the first, and reads again.
--
-- Without a sort the first delivery can only be read along webhook_logs_pending_case_idx. By average an
-- endpoint has few deliveries, and a plan for the average would read, and sort, all of one that has many. So
-- there is one plan, which every session can keep.
CREATE FUNCTION refresh_webhook_queue(of_workspace uuid, of_webhook uuid, of_case uuid)
RETURNS void LANGUAGE plpgsql
SET enable_sort = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    is_there boolean;
    first_id uuid;
    first_due timestamptz;
BEGIN
    LOOP
        PERFORM FROM webhook_queues
        WHERE workspace_id = of_workspace AND webhook_id = of_webhook AND case_id = of_case
        FOR UPDATE;
        is_there := FOUND;
        SELECT id, greatest(next_attempt_at, leased_until) INTO first_id, first_due
        FROM webhook_logs
        WHERE workspace_id = of_workspace AND webhook_id = of_webhook AND case_id = of_case
            AND state = 'pending'
        ORDER BY version, id LIMIT 1;
        EXIT WHEN is_there OR first_id IS NULL;
        INSERT INTO webhook_queues (workspace_id, webhook_id, case_id, log_id, due_at)
        VALUES (of_workspace, of_webhook, of_case, first_id, first_due)
        ON CONFLICT ON CONSTRAINT webhook_queues_pkey DO NOTHING;
        EXIT WHEN FOUND;
    END LOOP;
    IF is_there AND first_id IS NULL THEN
        DELETE FROM webhook_queues
        WHERE workspace_id = of_workspace AND webhook_id = of_webhook AND case_id = of_case;
    ELSIF is_there THEN
        UPDATE webhook_queues SET log_id = first_id, due_at = first_due
        WHERE workspace_id = of_workspace AND webhook_id = of_webhook AND case_id = of_case
            AND (log_id <> first_id OR due_at <> first_due);
    END IF;
END $$;

-- Once for a statement and a queue, however many deliveries it changes, and in one order, so that two
-- statements do not wait for each other.
CREATE FUNCTION refresh_webhook_queues() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    queue record;
BEGIN
    FOR queue IN
        SELECT DISTINCT workspace_id, webhook_id, case_id FROM changed
        -- What an update has ended was pending before it.
        WHERE state = 'pending' OR TG_OP = 'UPDATE'
        ORDER BY workspace_id, webhook_id, case_id
    LOOP
        PERFORM refresh_webhook_queue(queue.workspace_id, queue.webhook_id, queue.case_id);
    END LOOP;
    RETURN NULL;
END $$;

-- Nobody writes a delivery from here to the end of the migration, so that none is missed below.
CREATE TRIGGER webhook_logs_inserted_queue AFTER INSERT ON webhook_logs
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION refresh_webhook_queues();
CREATE TRIGGER webhook_logs_updated_queue AFTER UPDATE ON webhook_logs
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION refresh_webhook_queues();
CREATE TRIGGER webhook_logs_deleted_queue AFTER DELETE ON webhook_logs
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION refresh_webhook_queues();

INSERT INTO webhook_queues (workspace_id, webhook_id, case_id, log_id, due_at)
SELECT DISTINCT ON (workspace_id, webhook_id, case_id)
    workspace_id, webhook_id, case_id, id, greatest(next_attempt_at, leased_until)
FROM webhook_logs WHERE state = 'pending'
ORDER BY workspace_id, webhook_id, case_id, version, id;

-- What is old is removed by workspace, the oldest first. Of large tables these can be made before the migration,
-- without blocking anybody (docs/upgrading.md). The indexes before these (BRIN) stay for servers of the
-- version before; once rows were removed and their room was used again, they say nothing any more. The condition
-- is there for the same reason as above.
CREATE INDEX IF NOT EXISTS outbox_age_idx ON outbox (workspace_id, created_at)
    WHERE created_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS idempotency_keys_age_idx ON idempotency_keys (workspace_id, created_at)
    WHERE created_at IS NOT NULL;
