-- For each endpoint ($1, $2), claims the first delivery of as many queues as it has slots ($3): the queues due first
-- at $4. The lease ends at $5. If the first delivery of a queue cannot be claimed, because another process
-- has it or the queue's row is outdated, only the key of the queue is returned. Deliveries are updated by ctid, so that
-- no plan scans the table for them.
WITH queue AS MATERIALIZED (
    SELECT q.workspace_id, q.webhook_id, q.case_id, q.log_id
    FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS share (workspace_id, webhook_id, slots)
    CROSS JOIN LATERAL (
        SELECT workspace_id, webhook_id, case_id, log_id FROM webhook_queues
        WHERE workspace_id = share.workspace_id AND webhook_id = share.webhook_id AND due_at <= $4
        ORDER BY due_at LIMIT share.slots FOR UPDATE SKIP LOCKED) AS q
), free AS MATERIALIZED (
    SELECT l.row_id FROM queue AS q
    CROSS JOIN LATERAL (
        SELECT ctid AS row_id FROM webhook_logs
        WHERE workspace_id = q.workspace_id AND id = q.log_id AND state = 'pending'
            AND next_attempt_at <= $4 AND (leased_until IS NULL OR leased_until <= $4)
        LIMIT 1 FOR UPDATE SKIP LOCKED) AS l
), taken AS (
    UPDATE webhook_logs AS l SET leased_until = $5
    WHERE l.ctid = ANY (ARRAY(SELECT row_id FROM free))
    RETURNING l.workspace_id, l.webhook_id, l.case_id, l.id, l.endpoint, l.attempt_type,
        l.attempt_count
)
SELECT q.workspace_id AS "workspace_id!", q.webhook_id AS "webhook_id!", q.case_id AS "case_id!",
    t.id AS "log_id?", t.endpoint AS "endpoint?", t.attempt_type AS "kind?",
    t.attempt_count AS "attempts?"
FROM queue AS q
LEFT JOIN taken AS t ON t.workspace_id = q.workspace_id AND t.id = q.log_id
