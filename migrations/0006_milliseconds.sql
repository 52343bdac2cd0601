-- Answers show milliseconds; what is stored is what is shown, so that a filter with a moment of an
-- answer finds its row.
ALTER TABLE tags ALTER COLUMN created_at SET DEFAULT date_trunc('milliseconds', now());
ALTER TABLE spaces ALTER COLUMN created_at SET DEFAULT date_trunc('milliseconds', now());
ALTER TABLE users ALTER COLUMN created_at SET DEFAULT date_trunc('milliseconds', now());
ALTER TABLE templates ALTER COLUMN created_at SET DEFAULT date_trunc('milliseconds', now());
ALTER TABLE templates ALTER COLUMN updated_at SET DEFAULT date_trunc('milliseconds', now());
ALTER TABLE custom_properties
    ALTER COLUMN created_at SET DEFAULT date_trunc('milliseconds', now());
ALTER TABLE custom_properties
    ALTER COLUMN updated_at SET DEFAULT date_trunc('milliseconds', now());

UPDATE tags SET created_at = date_trunc('milliseconds', created_at);
UPDATE spaces SET created_at = date_trunc('milliseconds', created_at);
UPDATE users SET created_at = date_trunc('milliseconds', created_at),
    suspended_at = date_trunc('milliseconds', suspended_at);
UPDATE templates SET created_at = date_trunc('milliseconds', created_at),
    updated_at = date_trunc('milliseconds', updated_at),
    archived_at = date_trunc('milliseconds', archived_at);
UPDATE custom_properties SET created_at = date_trunc('milliseconds', created_at),
    updated_at = date_trunc('milliseconds', updated_at),
    archived_at = date_trunc('milliseconds', archived_at);
