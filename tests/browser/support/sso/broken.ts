/** A provider that lets everybody in, and gets one thing wrong when it is told to. */

import { createSign, generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";

import { freePort } from "../ports.ts";

/** What is wrong with the next token. */
export type Fault =
  | "none"
  | "audience"
  | "issuer"
  | "nonce"
  | "no nonce"
  | "signature"
  | "algorithm none"
  | "algorithm HS256"
  | "key id"
  | "expired"
  | "from the future"
  | "from the past"
  | "email not verified"
  | "no token";

export interface BrokenProvider {
  readonly issuer: string;
  fault: Fault;
  subject: string;
  email: string;
  groups: string[];
  /** Other keys from now on; those of before are not published any more. */
  readonly rotate: () => void;
  readonly stop: () => void;
}

interface Keys {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

function newKeys(): Keys {
  return { id: randomUUID(), ...generateKeyPairSync("rsa", { modulusLength: 2048 }) };
}

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

function token(keys: Keys, fault: Fault, claims: Record<string, unknown>): string {
  const algorithm =
    fault === "algorithm none" ? "none" : fault === "algorithm HS256" ? "HS256" : "RS256";
  const kid = fault === "key id" ? "of nobody" : keys.id;
  const signed = `${encoded({ alg: algorithm, kid, typ: "JWT" })}.${encoded(claims)}`;
  if (algorithm === "none") return `${signed}.`;
  const signature = createSign("RSA-SHA256").update(signed).sign(keys.privateKey);
  if (fault === "signature") signature[0] = (signature[0] ?? 0) ^ 1;
  return `${signed}.${signature.toString("base64url")}`;
}

async function body(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

export async function startBrokenProvider(): Promise<BrokenProvider> {
  const port = await freePort();
  const issuer = `http://localhost:${port}`;
  const asked = new Map<string, string | null>();
  let keys = newKeys();
  const provider = {
    issuer,
    fault: "none" as Fault,
    subject: "ben",
    email: "ben@example.com",
    groups: ["all"],
    rotate: () => {
      keys = newKeys();
    },
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", issuer);
    const json = (value: unknown) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(value));
    };
    switch (url.pathname) {
      case "/.well-known/openid-configuration":
        return json({
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/keys`,
          response_types_supported: ["code"],
          subject_types_supported: ["public"],
          id_token_signing_alg_values_supported: ["RS256", "HS256", "none"],
        });
      case "/keys": {
        const key = { ...keys.publicKey.export({ format: "jwk" }), kid: keys.id, use: "sig" };
        return json({ keys: [{ ...key, alg: "RS256" }] });
      }
      case "/authorize": {
        const code = randomUUID();
        asked.set(code, url.searchParams.get("nonce"));
        const back = new URL(url.searchParams.get("redirect_uri") ?? "");
        back.searchParams.set("code", code);
        back.searchParams.set("state", url.searchParams.get("state") ?? "");
        response.writeHead(302, { location: back.href });
        return response.end();
      }
      case "/token": {
        const { fault } = provider;
        const nonce = asked.get((await body(request)).get("code") ?? "");
        const now = Math.floor(Date.now() / 1000);
        const shift = fault === "from the future" ? 600 : fault === "from the past" ? -600 : 0;
        const claims = {
          iss: fault === "issuer" ? "http://localhost:1" : issuer,
          aud: fault === "audience" ? "somebody else" : "studio",
          sub: provider.subject,
          email: provider.email,
          email_verified: fault !== "email not verified",
          name: "Ben",
          groups: provider.groups,
          iat: now + shift,
          exp: fault === "expired" ? now - 120 : now + shift + 300,
          ...(fault === "no nonce" ? {} : { nonce: fault === "nonce" ? "another one" : nonce }),
        };
        const idToken = fault === "no token" ? {} : { id_token: token(keys, fault, claims) };
        return json({ access_token: "at", token_type: "Bearer", expires_in: 60, ...idToken });
      }
      default:
        response.statusCode = 404;
        return response.end();
    }
  });
  await new Promise<void>((listening) => server.listen(port, "localhost", listening));
  return provider;
}
