-- Takes what is due: of each endpoint that is online, as many deliveries as it may get besides those
-- under way. Nobody holds them, and each is the first that is due of its case. Of an endpoint with a
-- long queue only its head is looked at, so that the queue of one does not hold up the others. Each
-- step goes from what the last one found, whatever the planner knows of the tables.
WITH head AS MATERIALIZED (
    SELECT c.workspace_id, c.id, c.next_attempt_at, w.id AS webhook_id
    FROM webhooks AS w
    CROSS JOIN LATERAL (
        SELECT p.workspace_id, p.id, p.case_id, p.next_attempt_at, p.leased_until
        FROM webhook_logs AS p
        WHERE p.workspace_id = w.workspace_id AND p.webhook_id = w.id AND p.state = 'pending'
            AND p.next_attempt_at <= $1
        ORDER BY p.next_attempt_at, p.id LIMIT 64) AS c
    CROSS JOIN LATERAL (
        SELECT e.id FROM webhook_logs AS e
        WHERE e.workspace_id = w.workspace_id AND e.webhook_id = w.id AND e.case_id = c.case_id
            AND e.state = 'pending' AND e.next_attempt_at <= $1
        ORDER BY e.version, e.id LIMIT 1) AS first
    WHERE w.status = 'online' AND w.deleted_at IS NULL AND c.id = first.id
        AND (c.leased_until IS NULL OR c.leased_until < $1)
), due AS MATERIALIZED (
    SELECT h.workspace_id, h.id FROM (
        SELECT *, row_number() OVER (PARTITION BY webhook_id ORDER BY next_attempt_at, id) AS place
        FROM head) AS h
    LEFT JOIN unnest($2::uuid[], $3::bigint[]) AS b (webhook_id, under_way)
        ON b.webhook_id = h.webhook_id
    WHERE h.place <= $4 - coalesce(b.under_way, 0)
    ORDER BY h.next_attempt_at LIMIT $5
), free AS MATERIALIZED (
    SELECT l.workspace_id, l.id FROM due
    CROSS JOIN LATERAL (
        SELECT workspace_id, id FROM webhook_logs
        WHERE workspace_id = due.workspace_id AND id = due.id AND state = 'pending'
            AND (leased_until IS NULL OR leased_until < $1)
        LIMIT 1 FOR UPDATE SKIP LOCKED) AS l
), taken AS (
    UPDATE webhook_logs AS l SET leased_until = $6 FROM free
    WHERE l.workspace_id = free.workspace_id AND l.id = free.id
    RETURNING l.workspace_id, l.id, l.webhook_id, l.case_id, l.event_id, l.attempt_count,
        l.attempt_type, l.trace_parent
)
SELECT t.id, t.attempt_count, t.attempt_type, t.trace_parent, to_jsonb(w) AS "webhook!",
    to_jsonb(o) || jsonb_build_object('workspace_name', s.name) AS "event!"
FROM taken AS t
JOIN webhooks AS w ON w.workspace_id = t.workspace_id AND w.id = t.webhook_id
JOIN outbox AS o
    ON o.workspace_id = t.workspace_id AND o.case_id = t.case_id AND o.id = t.event_id
JOIN workspaces AS s ON s.id = t.workspace_id
ORDER BY t.id
