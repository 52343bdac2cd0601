// Tests the interactive reference in a browser, against a server with the sandbox.
// Environment: BASE_URL (default http://127.0.0.1:8080), CHROMIUM (default: chromium on the PATH).
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chromium } from "playwright-core";

const base = process.env.BASE_URL ?? "http://127.0.0.1:8080";
// The path prefix of a proxy in front of the server.
const prefix = new URL(base).pathname.replace(/\/$/, "");
const executablePath = process.env.CHROMIUM ?? execFileSync("which", ["chromium"]).toString().trim();
// Chromium's own sandbox does not start as root.
const args = process.getuid() === 0 ? ["--no-sandbox"] : [];
const browser = await chromium.launch({ executablePath, args });

async function step(name, work) {
  await work();
  console.log(`ok - ${name}`);
}

try {
  const page = await browser.newPage();
  const externalRequests = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(base) && !request.url().startsWith("data:")) externalRequests.push(request.url());
  });
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  const create = page.locator("#operations-Cases-create_case");

  await step("the home page links to the reference", async () => {
    await page.goto(`${base}/`);
    await page.click(`main a[href='${prefix}/docs']`);
    await page.waitForSelector("#operations-Cases-create_case");
  });

  await step("the API key field contains the sandbox's key", async () => {
    assert.equal(await page.getByLabel("API key").inputValue(), "dossier_sandbox");
  });

  await step("POST /cases shows links, three examples, five code samples and the deprecated template_id", async () => {
    await create.locator(".opblock-summary-control").click();
    await create.locator(".opblock-body").waitFor();
    const links = await create.locator(".opblock-description a").evaluateAll((all) => all.map((it) => it.getAttribute("href")));
    assert.ok(links.includes(`${prefix}/guides/cases`) && links.includes(`${prefix}/guides/templates`), String(links));
    assert.match(await create.locator(".opblock-description").innerText(), /See also/);
    const examples = create.locator(".opblock-section-request-body .examples-select option");
    assert.deepEqual(await examples.evaluateAll((all) => all.map((it) => it.value)), ["kyb", "kyc", "minimal"]);
    const tabs = create.locator(".samples [role=tab]");
    assert.deepEqual(await tabs.allInnerTexts(), ["Shell", "Node", "Python", "PHP", "Rust"]);
    for (const [tab, text] of [["Node", "fetch("], ["Python", "urlopen"], ["PHP", "curl_init"], ["Rust", "reqwest"], ["Shell", "curl "]]) {
      await create.getByRole("tab", { name: tab, exact: true }).click();
      assert.ok((await create.locator(".samples pre").innerText()).includes(text), tab);
    }
    const schema = await page.evaluate(async (url) => (await fetch(url)).json(), `${base}/openapi.json`);
    const { template_id, template_key } = schema.components.schemas.CaseCreateRequest.properties;
    assert.equal(template_id.deprecated, true);
    assert.equal(template_key.deprecated, undefined);
    assert.match(template_id.description, /template_key/);
  });

  await step("POST /cases documents the responses 201 and 400 with examples", async () => {
    const responses = create.locator(".responses-table").last();
    const created = responses.locator("tr.response[data-code='201']");
    assert.match(await created.innerText(), /"status": "open"/);
    const invalid = responses.locator("tr.response[data-code='400']");
    const text = await invalid.innerText();
    assert.match(text, /malformed or has invalid parameters: make sure that the body matches the schema/);
    assert.match(text, /\/problems\/invalid-parameters/);
  });

  const execute = async () => {
    const pending = page.waitForResponse((it) => it.request().method() === "POST" && it.url().includes("/cases"));
    await create.locator("button.execute").click();
    const response = await pending;
    await create.locator(".live-responses-table .response-col_status").first().waitFor();
    return { status: response.status(), document: await response.json() };
  };

  for (const example of ["minimal", "kyc", "kyb"]) {
    await step(`Execute with the example ${example} returns 201 and the case`, async () => {
      await create.locator(".opblock-section-request-body .examples-select select").selectOption(example);
      const { status, document } = await execute();
      assert.equal(status, 201, JSON.stringify(document));
      const shown = await create.locator(".live-responses-table").innerText();
      assert.ok(shown.includes("201") && shown.includes(document.id), shown);
    });
  }

  await step("an invalid body returns 400 and shows each pointer", async () => {
    const body = { nmae: "Acme", companies: [{ name: "Acme SAS", country: "UK" }] };
    await create.locator("textarea.body-param__text").fill(JSON.stringify(body));
    const { status } = await execute();
    assert.equal(status, 400);
    const shown = await create.locator(".live-responses-table").innerText();
    for (const pointer of ["/nmae", "/companies/0/country", "/name"]) assert.ok(shown.includes(`"${pointer}"`), pointer);
  });

  await step("the guides and problem pages have no broken links", async () => {
    const checked = new Set();
    for (const start of ["/", "/guides", "/problems"]) {
      await page.goto(base + start);
      const links = await page.locator("main a").evaluateAll((all) => all.map((it) => it.href));
      for (const link of links.filter((it) => it.startsWith(base))) {
        if (checked.has(link)) continue;
        checked.add(link);
        assert.equal((await page.request.get(link)).status(), 200, link);
      }
    }
    assert.ok(checked.size > 30, `only ${checked.size} links`);
  });

  await step("no external requests and no script errors", async () => {
    assert.deepEqual(externalRequests, []);
    assert.deepEqual(errors, []);
  });
} finally {
  await browser.close();
}
