-- How many deliveries are pending of endpoints that were not deleted, counted up to $2, and the moment since when the first queue is due whose
-- endpoint is online. It goes from endpoint to endpoint, as waiting.sql does.
WITH RECURSIVE endpoint AS (
    (SELECT workspace_id, webhook_id, due_at FROM webhook_queues
    WHERE due_at IS NOT NULL
    ORDER BY workspace_id, webhook_id, due_at LIMIT 1)
    UNION ALL
    SELECT next.workspace_id, next.webhook_id, next.due_at
    FROM endpoint AS e
    CROSS JOIN LATERAL (
        SELECT workspace_id, webhook_id, due_at FROM webhook_queues
        WHERE due_at IS NOT NULL
            AND (workspace_id, webhook_id) > (e.workspace_id, e.webhook_id)
        ORDER BY workspace_id, webhook_id, due_at LIMIT 1) AS next
)
SELECT (SELECT count(*) FROM (
        SELECT FROM webhook_logs AS l JOIN webhooks AS w
            ON w.workspace_id = l.workspace_id AND w.id = l.webhook_id
        WHERE l.state = 'pending' AND w.deleted_at IS NULL LIMIT $2) AS pending) AS "pending!",
    (SELECT min(e.due_at) FROM endpoint AS e
        JOIN webhooks AS w ON w.workspace_id = e.workspace_id AND w.id = e.webhook_id
        WHERE e.due_at <= $1 AND w.status = 'online' AND w.deleted_at IS NULL) AS due
