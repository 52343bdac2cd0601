-- Creates deliveries to a webhook ($2) of the events with the names $3 in a range: after the position ($4, $5: time and
-- id of an event) and before the time $6. It reads at most $7 events of the workspace, in the order of their creation,
-- including those with other names. Events with a pending delivery, and events without a payload, are only counted.
-- Deliveries are inserted in the order of their queues, as in every writer, to avoid deadlocks.
WITH part AS MATERIALIZED (
    SELECT id, case_id, company_id, individual_id, event, sub_event, version, created_at,
        subject IS NOT NULL AS has_payload, row_number() OVER (ORDER BY created_at, id) AS ordinal
    FROM (
        SELECT * FROM outbox
        WHERE workspace_id = $1 AND created_at >= $4 AND created_at < $6
            AND (created_at, id) > ($4, $5)
        ORDER BY created_at, id LIMIT $7::bigint + 1) AS found
), selected AS MATERIALIZED (
    -- The LIMIT keeps the planner from reading all deliveries of the webhook.
    SELECT p.*, l.id IS NOT NULL AS is_pending
    FROM part AS p
    LEFT JOIN LATERAL (
        SELECT id FROM webhook_logs
        WHERE workspace_id = $1 AND webhook_id = $2 AND case_id = p.case_id
            AND version = p.version AND event_id = p.id AND state = 'pending'
        LIMIT 1) AS l ON true
    WHERE p.ordinal <= $7 AND (p.event = ANY ($3) OR p.sub_event = ANY ($3))
), created AS (
    INSERT INTO webhook_logs (workspace_id, id, webhook_id, case_id, event_id, company_id,
        individual_id, event, version, endpoint, created_at, trace_parent, state, status_code,
        attempt_count, attempt_type, next_attempt_at, last_attempt_at)
    SELECT $1, ($8::uuid[])[a.ordinal], $2, a.case_id, a.id, a.company_id, a.individual_id, a.event,
        a.version, $9, $10, $11, 'pending', 0, 0, 'manual_retry', $10, $10
    FROM selected AS a
    WHERE a.has_payload AND NOT a.is_pending
    ORDER BY a.case_id, a.version, a.ordinal
    RETURNING id
), last AS (
    SELECT created_at, id FROM part
    WHERE ordinal = $7 AND EXISTS (SELECT FROM part WHERE ordinal > $7)
)
SELECT (SELECT count(*) FROM created) AS "deliveries!",
    (SELECT count(*) FROM selected WHERE is_pending) AS "already_pending!",
    (SELECT count(*) FROM selected WHERE NOT is_pending AND NOT has_payload) AS "without_payload!",
    (SELECT created_at FROM last) AS last_created_at, (SELECT id FROM last) AS last_id
