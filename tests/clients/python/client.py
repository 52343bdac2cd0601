"""Tests a generated, typed client against the sandbox: 201, 400 with its errors, list, 409."""

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

created = create_case.sync(client=client, body=body)
assert isinstance(created, Case), created
assert created.status == "open", created.status

invalid = CaseCreateRequest(name="", companies=[CompanyOfCaseRequest(name="A", country="UK")])
response = create_case.sync_detailed(client=client, body=invalid)
assert response.status_code == 400 and isinstance(response.parsed, ProblemDocument), response
assert len(response.parsed.errors) >= 2, response.parsed
assert all(isinstance(error.code, str) for error in response.parsed.errors)

listed = list_cases.sync(client=client, external_id=external_id)
assert [case.id for case in listed.data] == [created.id], listed

conflict = create_case.sync_detailed(client=client, body=body)
assert conflict.status_code == 409 and isinstance(conflict.parsed, ProblemDocument), conflict
assert conflict.parsed.type_ == "/problems/external-id-taken"
assert conflict.parsed.case_id == created.id
print("python: 201, 400 with its errors, list, 409")
