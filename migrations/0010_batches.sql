-- Cases that came in a batch.

-- The SHA-256 of the item that the case was made of, where it had an external id: the same item sent
-- again is done already, and not one whose external id is taken.
ALTER TABLE cases ADD COLUMN item_digest bytea;
