/** Passkeys, with an authenticator that the browser plays: added, used to get in and as a proof, removed. */

import { expect, type Page, test } from "@playwright/test";

import { type Server, startServer } from "../../support/server.ts";

const PASSWORD = "tr4nquil-otter-quay";

let server: Server;

test.beforeEach(async () => {
  server = await startServer();
});

test.afterEach(async () => {
  await server.stop();
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Asks the API as a page of the server's own does, with the browser's cookie. */
function ask(page: Page, method: string, path: string, body?: unknown): Promise<Answer> {
  return page.evaluate(
    async ({ method, path, body }) => {
      const answer = await fetch(path, {
        method,
        headers: { "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, body: text === "" ? null : JSON.parse(text) };
    },
    { method, path, body },
  );
}

interface Challenge {
  readonly ceremony: string;
  readonly publicKey: unknown;
}

/** Lets the browser answer a challenge. */
function answered(page: Page, kind: "create" | "get", publicKey: unknown): Promise<unknown> {
  return page.evaluate(
    async ({ kind, publicKey }) => {
      const made =
        kind === "create"
          ? await navigator.credentials.create({
              publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(
                publicKey as PublicKeyCredentialCreationOptionsJSON,
              ),
            })
          : await navigator.credentials.get({
              publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(
                publicKey as PublicKeyCredentialRequestOptionsJSON,
              ),
            });
      return (made as PublicKeyCredential).toJSON();
    },
    { kind, publicKey },
  );
}

async function challenged(page: Page, path: string): Promise<Challenge> {
  const asked = await ask(page, "POST", path);
  expect(asked.status).toBe(201);
  return asked.body as Challenge;
}

/** An owner in a browser with an authenticator. */
async function owner(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await page.goto(`${server.url}/healthz`);
  const token = /studio\/setup#token=(\S+)/.exec(server.log())?.[1];
  const made = await ask(page, "POST", "/v1/setup", {
    token,
    name: "Olga",
    email: "olga@example.com",
    password: PASSWORD,
  });
  expect(made.status).toBe(201);
}

async function addPasskey(page: Page): Promise<{ id: string }> {
  const { ceremony, publicKey } = await challenged(page, "/v1/me/passkeys/challenge");
  const credential = await answered(page, "create", publicKey);
  const draft = { name: "Laptop", ceremony, credential };
  const added = await ask(page, "POST", "/v1/me/passkeys", draft);
  expect(added).toMatchObject({ status: 201, body: { name: "Laptop", lastUsedAt: null } });
  // A challenge is good once.
  expect((await ask(page, "POST", "/v1/me/passkeys", draft)).status).toBe(422);
  return added.body as { id: string };
}

test("a passkey lets its owner in, once for each challenge", async ({ page }) => {
  await owner(page);
  await addPasskey(page);
  expect((await ask(page, "POST", "/v1/sign-out")).status).toBe(204);
  expect((await ask(page, "GET", "/v1/me")).status).toBe(401);

  const password = await ask(page, "POST", "/v1/sign-in", {
    email: "olga@example.com",
    password: PASSWORD,
  });
  expect(password.body).toMatchObject({ state: "secondFactor", ways: ["passkey"] });
  expect((await ask(page, "GET", "/v1/me")).status).toBe(401);

  const { ceremony, publicKey } = await challenged(page, "/v1/sign-in/passkey/challenge");
  const shown = { ceremony, credential: await answered(page, "get", publicKey) };
  const signedIn = await ask(page, "POST", "/v1/sign-in/passkey", shown);
  expect(signedIn).toEqual({ status: 200, body: { state: "signedIn" } });
  expect((await ask(page, "GET", "/v1/me")).body).toMatchObject({ email: "olga@example.com" });
  expect((await ask(page, "POST", "/v1/sign-in/passkey", shown)).status).toBe(401);
  const factors = await ask(page, "GET", "/v1/me/second-factors");
  expect(factors.body).toMatchObject({ passkeys: [{ lastUsedAt: expect.any(String) }] });
});

test("a passkey is a proof, and an answer to another challenge is none", async ({ page }) => {
  await owner(page);
  await addPasskey(page);
  const first = await challenged(page, "/v1/sign-in/passkey/challenge");
  const second = await challenged(page, "/v1/sign-in/passkey/challenge");
  const credential = await answered(page, "get", first.publicKey);
  const mixed = { passkey: { ceremony: second.ceremony, credential } };
  expect((await ask(page, "POST", "/v1/step-up", mixed)).status).toBe(401);
  const right = { passkey: { ceremony: first.ceremony, credential } };
  expect((await ask(page, "POST", "/v1/step-up", right)).status).toBe(200);
});

test("who holds the device is asked for, and a passkey that is removed is worth nothing", async ({
  page,
}) => {
  await owner(page);
  const { id } = await addPasskey(page);
  const { ceremony, publicKey } = await challenged(page, "/v1/sign-in/passkey/challenge");
  expect(publicKey).toMatchObject({ userVerification: "required" });
  const credential = await answered(page, "get", publicKey);
  expect((await ask(page, "DELETE", `/v1/me/passkeys/${id}`)).status).toBe(204);
  const late = await ask(page, "POST", "/v1/sign-in/passkey", { ceremony, credential });
  expect(late.status).toBe(401);
});
