-- A company by its id: a new one, or what became of one that is there.
INSERT INTO companies
SELECT r.* FROM jsonb_populate_record(NULL::companies,
    $2::jsonb || jsonb_build_object('workspace_id', $1::uuid)) AS r
ON CONFLICT ON CONSTRAINT companies_pkey DO UPDATE SET name = excluded.name,
    commercial_name = excluded.commercial_name,
    registration_number = excluded.registration_number,
    registration_date = excluded.registration_date, status = excluded.status,
    legal_form = excluded.legal_form, entity_legal_form = excluded.entity_legal_form,
    country = excluded.country, address = excluded.address,
    classifications = excluded.classifications,
    banking_information = excluded.banking_information, share_capital = excluded.share_capital,
    tax_identification_number = excluded.tax_identification_number,
    website_url = excluded.website_url,
    employer_identification_number = excluded.employer_identification_number,
    custom_properties = excluded.custom_properties, is_relevant = excluded.is_relevant,
    updated_at = excluded.updated_at
