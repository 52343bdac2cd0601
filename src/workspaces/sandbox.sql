-- The sandbox, with fixed ids. Rows that are there already are left as they are.
WITH workspace AS (
    INSERT INTO workspaces (id, name)
    VALUES ('0198a000-0000-7000-8000-000000000001', 'Sandbox') ON CONFLICT DO NOTHING
), fixed_key AS (
    -- Where another key is set, the fixed one of earlier starts is no longer accepted.
    DELETE FROM api_keys WHERE id = $3 AND id <> $1
), api_key AS (
    INSERT INTO api_keys (id, workspace_id, hash)
    VALUES ($1, '0198a000-0000-7000-8000-000000000001', $2) ON CONFLICT DO NOTHING
), template_rows AS (
    INSERT INTO templates (workspace_id, id, key, name)
    SELECT '0198a000-0000-7000-8000-000000000001', id::uuid, key, name FROM (VALUES
        ('0198a000-0000-7000-8000-000000000101', 'kyb_standard', 'KYB standard'),
        ('0198a000-0000-7000-8000-000000000102', 'kyc_standard', 'KYC standard')
    ) AS t (id, key, name) ON CONFLICT DO NOTHING
), space_rows AS (
    INSERT INTO spaces (workspace_id, slug, name)
    VALUES ('0198a000-0000-7000-8000-000000000001', 'space_Sandbox00001', 'Sandbox space')
    ON CONFLICT DO NOTHING
), tag_rows AS (
    INSERT INTO tags (workspace_id, id, label, folded_label)
    SELECT '0198a000-0000-7000-8000-000000000001', id::uuid, label, folded FROM (VALUES
        ('0198a000-0000-7000-8000-000000000201', 'High risk', 'high risk'),
        ('0198a000-0000-7000-8000-000000000202', 'Low risk', 'low risk'),
        ('0198a000-0000-7000-8000-000000000203', 'VIP', 'vip')
    ) AS t (id, label, folded) ON CONFLICT DO NOTHING
), user_rows AS (
    INSERT INTO users (workspace_id, id, first_name, last_name, email, suspended_at)
    SELECT '0198a000-0000-7000-8000-000000000001', id::uuid, first_name, last_name, email, at
    FROM (VALUES
        ('0198a000-0000-7000-8000-000000000301', 'Ada', 'Active', 'ada@example.com', NULL),
        ('0198a000-0000-7000-8000-000000000302', 'Bo', 'Busy', 'bo@example.com', NULL),
        ('0198a000-0000-7000-8000-000000000303', 'Sam', 'Suspended', 'sam@example.com', now())
    ) AS t (id, first_name, last_name, email, at) ON CONFLICT DO NOTHING
), property_rows AS (
    INSERT INTO custom_properties
        (workspace_id, id, target, key, label, type, settings, archived_at)
    SELECT '0198a000-0000-7000-8000-000000000001',
        ('0198a000-0000-7000-8000-000000000' || target.number || p.number)::uuid,
        target.name, p.key, p.label, p.type, p.settings::jsonb,
        CASE WHEN p.key = 'retired' THEN now() END
    FROM (VALUES ('4', 'case'), ('5', 'company'), ('6', 'individual')) AS target (number, name),
        (VALUES
            ('01', 'note', 'Note', 'text', '{"is_multi_line": true}'),
            ('02', 'contact_email', 'Contact e-mail', 'email', '{}'),
            ('03', 'reference_url', 'Reference URL', 'url', '{}'),
            ('04', 'onboarded_on', 'Onboarded on', 'date', '{}'),
            ('05', 'hotline', 'Hotline', 'phone_number', '{}'),
            ('06', 'is_regulated', 'Is regulated', 'boolean', '{}'),
            ('07', 'risk_score', 'Risk score', 'numeric', '{"min": 0, "max": 100}'),
            ('08', 'products', 'Products', 'choices', '{"allow_multiple": true}'),
            ('09', 'markets', 'Markets', 'countries', '{"allow_multiple": true}'),
            ('10', 'retired', 'Retired', 'text', '{}')
        ) AS p (number, key, label, type, settings)
    ON CONFLICT DO NOTHING
)
INSERT INTO custom_property_options (workspace_id, custom_property_id, key, label)
SELECT '0198a000-0000-7000-8000-000000000001',
    ('0198a000-0000-7000-8000-000000000' || target.number || '08')::uuid, o.key, o.label
FROM (VALUES ('4'), ('5'), ('6')) AS target (number),
    (VALUES ('cards', 'Cards'), ('loans', 'Loans'), ('payments', 'Payments')) AS o (key, label)
ON CONFLICT DO NOTHING
