import json
import uuid
from urllib.error import HTTPError
from urllib.request import Request, urlopen

case = {
    "name": "Acme",
    "companies": [{"name": "Acme SAS", "country": "FR"}],
}
request = Request(
    "http://127.0.0.1:8080/v1/cases",
    data=json.dumps(case).encode(),
    headers={
        "Authorization": "Bearer dossier_sandbox",
        "Content-Type": "application/json",
        "Idempotency-Key": str(uuid.uuid4()),
    },
)
try:
    with urlopen(request) as answer:
        print(json.load(answer)["id"])
except HTTPError as refused:
    raise SystemExit(json.load(refused)["message"])
