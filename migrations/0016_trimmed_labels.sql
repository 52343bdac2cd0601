-- Labels of tags have neither white space nor characters that show nothing at their ends. Those that were stored
-- with them are trimmed. Where labels become the same, one tag is kept: the one that needed no trimming, else the
-- oldest. Cases and templates get the kept tag in place of the others. A label that would have nothing left, or
-- the form of an id, stays as it is.
CREATE TEMPORARY TABLE trimmed_labels ON COMMIT DROP AS
WITH ends AS (
    SELECT U&'\0009\000A\000B\000C\000D\0020\0085\00A0\00AD\061C\1680\180E\2000\2001\2002\2003\2004\2005\2006\2007\2008\2009\200A\200B\200E\200F\2028\2029\202A\202B\202C\202D\202E\202F\205F\2060\2061\2062\2063\2064\2066\2067\2068\2069\206A\206B\206C\206D\206E\206F\2800\3000\3164\FEFF\FFA0'
        AS characters
), trimmed AS (
    SELECT workspace_id, id, label AS stored, created_at, btrim(label, characters) AS label,
        btrim(folded_label, characters) AS folded_label
    FROM tags, ends
)
SELECT workspace_id, id, stored, label, folded_label,
    first_value(id) OVER (PARTITION BY workspace_id, folded_label
        ORDER BY stored <> label, created_at, id) AS kept_id
FROM trimmed
WHERE label <> ''
    AND label !~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';

-- What a case shows of its tags changes where it loses one for another: that is a new version of it.
UPDATE cases SET version = version + 1
WHERE (workspace_id, id) IN (
    SELECT c.workspace_id, c.case_id FROM case_tags AS c JOIN trimmed_labels AS t
        ON t.workspace_id = c.workspace_id AND t.id = c.tag_id
    WHERE t.id <> t.kept_id);

-- A case that has several of them keeps the place of the first.
WITH merged AS (
    DELETE FROM case_tags AS c USING trimmed_labels AS t
    WHERE t.workspace_id = c.workspace_id AND t.id = c.tag_id AND t.id <> t.kept_id
    RETURNING c.workspace_id, c.case_id, t.kept_id, c.ordinal
)
INSERT INTO case_tags (workspace_id, case_id, tag_id, ordinal)
SELECT workspace_id, case_id, kept_id, min(ordinal) FROM merged
GROUP BY workspace_id, case_id, kept_id
ON CONFLICT ON CONSTRAINT case_tags_pkey
    DO UPDATE SET ordinal = least(case_tags.ordinal, excluded.ordinal);

UPDATE templates AS m SET defaults = jsonb_set(m.defaults, '{tags}', (
    SELECT coalesce(jsonb_agg(kept.id ORDER BY kept.ordinal), '[]') FROM (
        SELECT coalesce(t.kept_id::text, d.id) AS id, min(d.ordinal) AS ordinal
        FROM jsonb_array_elements_text(m.defaults -> 'tags') WITH ORDINALITY AS d (id, ordinal)
        LEFT JOIN trimmed_labels AS t ON t.workspace_id = m.workspace_id AND t.id::text = d.id
        GROUP BY 1) AS kept))
WHERE EXISTS (
    SELECT FROM trimmed_labels AS t
    WHERE t.workspace_id = m.workspace_id AND t.id <> t.kept_id AND m.defaults -> 'tags' ? t.id::text);

DELETE FROM tags AS g USING trimmed_labels AS t
WHERE t.workspace_id = g.workspace_id AND t.id = g.id AND t.id <> t.kept_id;

UPDATE tags AS g SET label = t.label, folded_label = t.folded_label
FROM trimmed_labels AS t
WHERE t.workspace_id = g.workspace_id AND t.id = g.id
    AND (g.label, g.folded_label) IS DISTINCT FROM (t.label, t.folded_label);
