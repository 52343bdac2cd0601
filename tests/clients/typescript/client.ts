// Tests a generated, typed client against the sandbox: 201, 400 with its errors, list, 409.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

const client = createClient<paths>({
  baseUrl: process.env.BASE_URL ?? "http://127.0.0.1:8080",
  headers: { Authorization: `Bearer ${process.env.API_KEY ?? "dossier_sandbox"}` },
});

// `status` is optional: the body type-checks, and the server uses `open`.
const external_id = `typescript-${Date.now()}`;
const body: components["schemas"]["CaseCreateRequest"] = {
  name: "Acme",
  external_id,
  companies: [{ name: "Acme SAS", country: "FR" }],
};
const created = await client.POST("/cases", { body });
assert.equal(created.response.status, 201, JSON.stringify(created.error));
assert.equal(created.data?.status, "open");

const invalid = await client.POST("/cases", { body: { name: "", companies: [{ name: "A", country: "UK" }] } });
assert.equal(invalid.response.status, 400);
const codes: string[] = invalid.error?.errors?.map((it) => it.code) ?? [];
assert.ok(codes.length >= 2, JSON.stringify(invalid.error));

const listed = await client.GET("/cases", { params: { query: { external_id } } });
assert.equal(listed.data?.data.length, 1, JSON.stringify(listed.error));
assert.equal(listed.data?.data[0]?.id, created.data?.id);

const conflict = await client.POST("/cases", { body });
assert.equal(conflict.response.status, 409);
assert.equal(conflict.error?.type, "/problems/external-id-taken");
assert.equal(conflict.error?.case_id, created.data?.id);
console.log("typescript: 201, 400 with its errors, list, 409");
