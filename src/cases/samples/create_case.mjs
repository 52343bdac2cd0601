import { randomUUID } from "node:crypto";

const answer = await fetch("http://127.0.0.1:8080/v1/cases", {
  method: "POST",
  headers: {
    "Authorization": "Bearer dossier_sandbox",
    "Content-Type": "application/json",
    "Idempotency-Key": randomUUID(),
  },
  body: JSON.stringify({
    name: "Acme",
    companies: [{ name: "Acme SAS", country: "FR" }],
  }),
});
const document = await answer.json();
if (!answer.ok) throw new Error(document.message);
console.log(document.id);
