-- What the outbox and the logs of deliveries hold of a case. A receiver may answer with what it was
-- sent.
WITH event_rows AS (
    UPDATE outbox SET subject = NULL, case_context = NULL
    WHERE workspace_id = $1 AND case_id = $2
), log_rows AS (
    UPDATE webhook_logs SET state = CASE state WHEN 'pending' THEN 'erased' ELSE state END
    WHERE workspace_id = $1 AND case_id = $2
    RETURNING id
)
UPDATE webhook_log_attempts SET response_headers = NULL, response_body = NULL
WHERE workspace_id = $1 AND log_id IN (SELECT id FROM log_rows)
