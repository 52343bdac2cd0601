-- The version of the references with which a case was last written. While it is the current one, no response about
-- the case shows another tag, template, user or custom property than then, so that If-None-Match can be answered with 304.
-- Cases from before have none, until they are written again.
ALTER TABLE cases ADD COLUMN reference_version uuid;
