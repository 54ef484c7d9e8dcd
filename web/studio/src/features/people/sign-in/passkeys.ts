/** Passkeys, between what the server asks and what the browser answers. */

import { client } from "../../../api/client.ts";

/** The answer to a challenge, as the server takes it. */
export interface Assertion {
  readonly ceremony: string;
  readonly credential: Record<string, unknown>;
}

interface Challenge {
  readonly ceremony: string;
  readonly publicKey: Record<string, unknown>;
}

/** Whether this browser knows passkeys, in the form that is needed here. */
export const knowsPasskeys = (): boolean =>
  typeof PublicKeyCredential !== "undefined" &&
  typeof PublicKeyCredential.parseRequestOptionsFromJSON === "function";

/** Asks for any passkey of this installation; null when the person would rather not. */
export async function askForPasskey(): Promise<Assertion | null> {
  const { data } = await client.POST("/v1/sign-in/passkey/challenge");
  if (data === undefined) return null;
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
    data.publicKey as unknown as PublicKeyCredentialRequestOptionsJSON,
  );
  return answered(data, () => navigator.credentials.get({ publicKey }));
}

/** Makes a passkey; null when the person would rather not. */
export async function makePasskey(): Promise<Assertion | null> {
  const { data } = await client.POST("/v1/me/passkeys/challenge");
  if (data === undefined) return null;
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(
    data.publicKey as unknown as PublicKeyCredentialCreationOptionsJSON,
  );
  return answered(data, () => navigator.credentials.create({ publicKey }));
}

async function answered(
  { ceremony }: Challenge,
  ask: () => Promise<Credential | null>,
): Promise<Assertion | null> {
  try {
    const credential = (await ask()) as PublicKeyCredential | null;
    return credential === null
      ? null
      : { ceremony, credential: { ...credential.toJSON() } as Record<string, unknown> };
  } catch (error) {
    // The person closed the browser's question, or let it wait too long.
    if (error instanceof DOMException && error.name === "NotAllowedError") return null;
    throw error;
  }
}
