-- Takes what is due: of each endpoint that is online and not busy, the first few deliveries that
-- nobody holds and before which no delivery of the same case is due.
WITH due AS (
    SELECT d.workspace_id, d.id FROM webhooks AS w CROSS JOIN LATERAL (
        SELECT l.workspace_id, l.id FROM webhook_logs AS l
        WHERE l.workspace_id = w.workspace_id AND l.webhook_id = w.id AND l.state = 'pending'
            AND l.next_attempt_at <= $1 AND (l.leased_until IS NULL OR l.leased_until < $1)
            AND NOT EXISTS (
                SELECT FROM webhook_logs AS e
                WHERE e.workspace_id = l.workspace_id AND e.webhook_id = l.webhook_id
                    AND e.case_id = l.case_id AND e.state = 'pending' AND e.id < l.id
                    AND e.next_attempt_at <= $1)
        ORDER BY l.next_attempt_at, l.id LIMIT $3 FOR UPDATE SKIP LOCKED) AS d
    WHERE w.status = 'online' AND w.id <> ALL ($2) LIMIT $4
), taken AS (
    UPDATE webhook_logs AS l SET leased_until = $5 FROM due
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
