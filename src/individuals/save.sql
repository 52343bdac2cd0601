-- An individual by its id: a new one, or what became of one that is there.
INSERT INTO individuals
SELECT r.* FROM jsonb_populate_record(NULL::individuals,
    $2::jsonb || jsonb_build_object('workspace_id', $1::uuid)) AS r
ON CONFLICT ON CONSTRAINT individuals_pkey DO UPDATE SET first_name = excluded.first_name,
    middle_name = excluded.middle_name, last_name = excluded.last_name,
    maiden_name = excluded.maiden_name, is_business_contact = excluded.is_business_contact,
    is_beneficial_owner = excluded.is_beneficial_owner,
    is_controlling_person = excluded.is_controlling_person, is_delegator = excluded.is_delegator,
    is_signatory = excluded.is_signatory, email = excluded.email,
    birth_date = excluded.birth_date, birth_country = excluded.birth_country,
    birth_place = excluded.birth_place, gender = excluded.gender,
    nationalities = excluded.nationalities, address = excluded.address,
    banking_information = excluded.banking_information,
    tax_identification_number = excluded.tax_identification_number,
    social_security_number = excluded.social_security_number,
    phone_number = excluded.phone_number, custom_properties = excluded.custom_properties,
    roles = excluded.roles, "position" = excluded."position",
    ownership_percentage = excluded.ownership_percentage,
    voting_rights_percentage = excluded.voting_rights_percentage,
    is_relevant = excluded.is_relevant, updated_at = excluded.updated_at
