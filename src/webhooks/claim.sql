-- Takes what is due: of each endpoint that is online, as many deliveries as it may get besides those
-- under way. Nobody holds them, and each is the first that is due of its case. Of an endpoint with a
-- long queue only its head is looked at, so that the queue of one does not hold up the others.
WITH busy AS (
    SELECT * FROM unnest($2::uuid[], $3::bigint[]) AS b (webhook_id, under_way)
), due AS (
    SELECT d.workspace_id, d.id FROM webhooks AS w
    LEFT JOIN busy AS b ON b.webhook_id = w.id
    CROSS JOIN LATERAL (
        SELECT l.workspace_id, l.id, l.next_attempt_at FROM webhook_logs AS l
        WHERE l.workspace_id = w.workspace_id AND l.state = 'pending'
            AND (l.leased_until IS NULL OR l.leased_until < $1)
            AND l.id IN (
                SELECT c.id FROM (
                    SELECT p.id, p.case_id, p.leased_until FROM webhook_logs AS p
                    WHERE p.workspace_id = w.workspace_id AND p.webhook_id = w.id
                        AND p.state = 'pending' AND p.next_attempt_at <= $1
                    ORDER BY p.next_attempt_at, p.id LIMIT 64) AS c
                WHERE (c.leased_until IS NULL OR c.leased_until < $1) AND c.id = (
                    SELECT e.id FROM webhook_logs AS e
                    WHERE e.workspace_id = w.workspace_id AND e.webhook_id = w.id
                        AND e.case_id = c.case_id AND e.state = 'pending'
                        AND e.next_attempt_at <= $1
                    ORDER BY e.version, e.id LIMIT 1))
        ORDER BY l.next_attempt_at, l.id
        LIMIT greatest($4 - coalesce(b.under_way, 0), 0) FOR UPDATE SKIP LOCKED) AS d
    WHERE w.status = 'online' AND w.deleted_at IS NULL
    ORDER BY d.next_attempt_at LIMIT $5
), taken AS (
    UPDATE webhook_logs AS l SET leased_until = $6 FROM due
    WHERE l.workspace_id = due.workspace_id AND l.id = due.id
    RETURNING l.workspace_id, l.id, l.webhook_id, l.case_id, l.event_id, l.attempt_count,
        l.attempt_type
)
SELECT t.id, t.attempt_count, t.attempt_type, to_jsonb(w) AS "webhook!",
    to_jsonb(o) || jsonb_build_object('workspace_name', s.name) AS "event!"
FROM taken AS t
JOIN webhooks AS w ON w.workspace_id = t.workspace_id AND w.id = t.webhook_id
JOIN outbox AS o
    ON o.workspace_id = t.workspace_id AND o.case_id = t.case_id AND o.id = t.event_id
JOIN workspaces AS s ON s.id = t.workspace_id
ORDER BY t.id
