-- The online endpoints with a due queue, each with the time at which its first queue was due. The recursion jumps from
-- endpoint to endpoint along the index (a loose index scan): its cost grows with the number of endpoints, not queues.
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
SELECT e.workspace_id AS "workspace_id!", e.webhook_id AS "webhook_id!", e.due_at AS "due_at!"
FROM endpoint AS e
JOIN webhooks AS w ON w.workspace_id = e.workspace_id AND w.id = e.webhook_id
WHERE e.due_at <= $1 AND w.status = 'online' AND w.deleted_at IS NULL
