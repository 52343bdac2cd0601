curl http://127.0.0.1:8080/v1/cases \
  -H 'Authorization: Bearer dossier_sandbox' \
  -H 'Content-Type: application/json' \
  -H "Idempotency-Key: $(openssl rand -hex 16)" \
  -d '{
    "name": "Acme",
    "companies": [{ "name": "Acme SAS", "country": "FR" }]
  }'
