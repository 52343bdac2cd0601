-- Most statements that store a case write no delivery. A trigger for each statement runs for them too, which takes a
-- fiftieth of their time; one for each row does not. A statement inserts its deliveries in the order of their queues
-- (webhook_id, case_id), as the triggers of updates and deletions take them, so that two statements do not wait for
-- each other.
DROP TRIGGER webhook_logs_inserted_queue ON webhook_logs;

CREATE FUNCTION refresh_queue_of_webhook_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refresh_webhook_queue(NEW.workspace_id, NEW.webhook_id, NEW.case_id);
    RETURN NULL;
END $$;

CREATE TRIGGER webhook_logs_inserted_queue AFTER INSERT ON webhook_logs
    FOR EACH ROW WHEN (NEW.state = 'pending') EXECUTE FUNCTION refresh_queue_of_webhook_log();

-- Migration 12 has left these for servers of the version before it.
DROP INDEX outbox_created_at_idx;
DROP INDEX idempotency_keys_created_at_idx;
