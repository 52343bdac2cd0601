// A typed client of the sandbox, generated from its description: create, 400 with its errors, list, 409.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

const client = createClient<paths>({
  baseUrl: process.env.BASE_URL ?? "http://127.0.0.1:8080",
  headers: { Authorization: `Bearer ${process.env.API_KEY ?? "dossier_sandbox"}` },
});

// Without `status`: it type-checks, and the server takes `open`.
const external_id = `typescript-${Date.now()}`;
const body: components["schemas"]["CaseCreateRequest"] = {
  name: "Acme",
  external_id,
  companies: [{ name: "Acme SAS", country: "FR" }],
};
const made = await client.POST("/cases", { body });
assert.equal(made.response.status, 201, JSON.stringify(made.error));
assert.equal(made.data?.status, "open");

const refused = await client.POST("/cases", { body: { name: "", companies: [{ name: "A", country: "UK" }] } });
assert.equal(refused.response.status, 400);
const codes: string[] = refused.error?.errors?.map((it) => it.code) ?? [];
assert.ok(codes.length >= 2, JSON.stringify(refused.error));

const listed = await client.GET("/cases", { params: { query: { external_id } } });
assert.equal(listed.data?.data.length, 1, JSON.stringify(listed.error));
assert.equal(listed.data?.data[0]?.id, made.data?.id);

const taken = await client.POST("/cases", { body });
assert.equal(taken.response.status, 409);
assert.equal(taken.error?.type, "/problems/external-id-taken");
assert.equal(taken.error?.case_id, made.data?.id);
console.log("typescript: 201, 400 with its errors, list, 409");
