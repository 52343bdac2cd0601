-- The trace that a delivery belongs to (W3C Trace Context, `traceparent`), where the request that caused it
-- was traced.
ALTER TABLE webhook_logs ADD COLUMN trace_parent text;
