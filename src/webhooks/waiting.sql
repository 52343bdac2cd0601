-- The endpoints that are online and have a queue that is due, each with the moment since when. It goes from
-- endpoint to endpoint along the index: its cost grows with their number, and not with the length of
-- their queues.
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
