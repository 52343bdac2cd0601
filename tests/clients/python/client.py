"""A typed client of the sandbox, generated from its description: create, 400 with its errors, list, 409."""

import os
import sys
import time

sys.path.insert(0, sys.argv[1])

from dossier_client import AuthenticatedClient  # noqa: E402
from dossier_client.api.cases import create_case, list_cases  # noqa: E402
from dossier_client.models import Case, CaseCreateRequest, CompanyOfCaseRequest, ProblemDocument  # noqa: E402

client = AuthenticatedClient(
    base_url=os.environ.get("BASE_URL", "http://127.0.0.1:8080"),
    token=os.environ.get("API_KEY", "dossier_sandbox"),
)
external_id = f"python-{time.time_ns()}"
company = CompanyOfCaseRequest(name="Acme SAS", country="FR")
body = CaseCreateRequest(name="Acme", external_id=external_id, companies=[company])

made = create_case.sync(client=client, body=body)
assert isinstance(made, Case), made
assert made.status == "open", made.status

faulty = CaseCreateRequest(name="", companies=[CompanyOfCaseRequest(name="A", country="UK")])
refused = create_case.sync_detailed(client=client, body=faulty)
assert refused.status_code == 400 and isinstance(refused.parsed, ProblemDocument), refused
assert len(refused.parsed.errors) >= 2, refused.parsed
assert all(isinstance(error.code, str) for error in refused.parsed.errors)

listed = list_cases.sync(client=client, external_id=external_id)
assert [case.id for case in listed.data] == [made.id], listed

taken = create_case.sync_detailed(client=client, body=body)
assert taken.status_code == 409 and isinstance(taken.parsed, ProblemDocument), taken
assert taken.parsed.type_ == "/problems/external-id-taken"
assert taken.parsed.case_id == made.id
print("python: 201, 400 with its errors, list, 409")
