/** The widget's session: made when first needed, renewed silently before it ends. */

import type {
  Challenge,
  IceServer,
  OpeningStatus,
  Proof,
  SessionAnswer,
  SessionRequest,
  WidgetConfig,
} from "@bellpush/protocol";
import type { Clock } from "./clock.ts";
import { type Result, request, succeeded, unreadable } from "./errors.ts";

/** A token is renewed when it has less than this left, or a third of its life where that is short. */
const MARGIN_MS = 2 * 60 * 1000;
/** However short tokens live, the server is not asked for another more often. */
const SHORTEST_PAUSE_MS = 5000;
/** Work is done twice at most: the server that sees it may be another one, which sets a task of its own. */
const MOST_PROOFS = 2;

export interface Session {
  /** A token that is valid for a while yet. */
  token(): Promise<Result<string>>;
  /** A fresh token, after the server has called this one expired. */
  renew(stale: string): Promise<Result<string>>;
  /** The token at hand, for the moment in which the page goes away. */
  current(): string | null;
  /** Servers that help media around a firewall, as of the present token. */
  iceServers(): readonly IceServer[];
}

export interface SessionPorts {
  readonly config: Pick<
    WidgetConfig,
    "appId" | "key" | "preview" | "previewToken" | "context" | "destination" | "session"
  >;
  readonly origin: string;
  readonly clock: Clock;
  readonly fetch: typeof globalThis.fetch;
  readonly localNow: () => number;
  readonly later: (ms: number, run: () => void) => void;
  /** A session that another page began: it goes on here, and is never made anew. */
  readonly adopted?: SessionAnswer;
  /** Whether it is the page's own, or that of the call that is told of: others are left to expire. */
  readonly isNeeded: () => boolean;
  /** Each answer says anew whether calls are taken. */
  readonly onHours: (hours: OpeningStatus) => void;
  /** Does the work that the server may want to see; null when it can't be done. */
  readonly solve: (challenge: Challenge) => Promise<Proof | null>;
}

interface Held {
  readonly token: string;
  readonly expiresAt: number;
  readonly margin: number;
}

export function createSession(ports: SessionPorts): Session {
  const { config, clock } = ports;
  // How long a token given by the page still lives is unknown: it is renewed when first used.
  let held: Held | null =
    config.session === null ? null : { token: config.session, expiresAt: 0, margin: 0 };
  const given = config.session !== null || ports.adopted !== undefined;
  let asking: Promise<Result<string>> | null = null;
  let iceServers: readonly IceServer[] = [];

  async function ask(path: string, init: RequestInit): Promise<Result<string>> {
    const askedAt = ports.localNow();
    const result = await request(ports.fetch, path, { method: "POST", ...init });
    if (!result.ok) {
      return result;
    }
    const answer = await readAnswer(result.value);
    if (answer === null) {
      return unreadable("the answer to the session request can't be read");
    }
    clock.learn(answer.serverTime, askedAt, ports.localNow());
    hold(answer);
    ports.onHours(answer.hours);
    return succeeded(answer.token);
  }

  function hold(answer: SessionAnswer): void {
    const expiresAt = Date.parse(answer.expiresAt);
    const life = expiresAt - Date.parse(answer.serverTime);
    const fresh = { token: answer.token, expiresAt, margin: Math.min(MARGIN_MS, life / 3) };
    held = fresh;
    iceServers = answer.iceServers;
    refreshLater(fresh, expiresAt - clock.now() - fresh.margin);
  }

  /** Silently, and again where that fails for a while, for as long as the token lives and is needed. */
  function refreshLater(fresh: Held, ms: number): void {
    ports.later(Math.max(SHORTEST_PAUSE_MS, ms), async () => {
      if (held === fresh && clock.now() < fresh.expiresAt && ports.isNeeded()) {
        const result = await once(refresh);
        if (!result.ok && result.failure.passing) {
          refreshLater(fresh, result.failure.waitMs ?? 0);
        }
      }
    });
  }

  async function create(): Promise<Result<string>> {
    let result = await begin();
    for (let proofs = 0; proofs < MOST_PROOFS; proofs += 1) {
      const proof =
        result.ok || result.failure.challenge === null
          ? null
          : await ports.solve(result.failure.challenge);
      if (proof === null) {
        break;
      }
      result = await begin(proof);
    }
    return result;
  }

  function begin(proof?: Proof): Promise<Result<string>> {
    const body: SessionRequest = {
      appId: config.appId,
      key: config.key,
      origin: ports.origin,
      context: config.context,
      preview: config.preview,
      destination: config.destination,
      ...(config.previewToken === undefined ? {} : { previewToken: config.previewToken }),
      ...(proof === undefined ? {} : { proof }),
    };
    return ask("/v1/widget/sessions", {
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  }

  async function refresh(): Promise<Result<string>> {
    if (held === null) {
      return create();
    }
    const result = await ask("/v1/widget/sessions/refresh", {
      headers: { authorization: `Bearer ${held.token}` },
    });
    if (!result.ok && result.failure.status === 401 && !given) {
      held = null;
      return create();
    }
    return result;
  }

  /** Several callers share one request. */
  function once(work: () => Promise<Result<string>>): Promise<Result<string>> {
    asking ??= work().finally(() => {
      asking = null;
    });
    return asking;
  }

  if (ports.adopted !== undefined) {
    hold(ports.adopted);
  }
  return {
    async token() {
      const left = held === null ? 0 : held.expiresAt - clock.now();
      return held !== null && left > held.margin / 2 ? succeeded(held.token) : once(refresh);
    },
    async renew(stale) {
      return held !== null && held.token !== stale ? succeeded(held.token) : once(refresh);
    },
    current: () => held?.token ?? null,
    iceServers: () => iceServers,
  };
}

/** Sends a request with the session's token, and once more when the server calls it expired. */
export async function authorized(
  session: Session,
  send: (authorization: { readonly authorization: string }) => Promise<Result<Response>>,
): Promise<Result<Response>> {
  const token = await session.token();
  if (!token.ok) {
    return token;
  }
  const first = await send({ authorization: `Bearer ${token.value}` });
  if (first.ok || first.failure.code !== "session_expired") {
    return first;
  }
  const renewed = await session.renew(token.value);
  return renewed.ok ? send({ authorization: `Bearer ${renewed.value}` }) : renewed;
}

/** A token of another's making, exchanged for one of which all is known; null when it is not valid. */
export async function refreshed(
  fetch: typeof globalThis.fetch,
  token: string,
): Promise<SessionAnswer | null> {
  const headers = { authorization: `Bearer ${token}` };
  const result = await request(fetch, "/v1/widget/sessions/refresh", { method: "POST", headers });
  return result.ok ? readAnswer(result.value) : null;
}

async function readAnswer(response: Response): Promise<SessionAnswer | null> {
  try {
    const answer = (await response.json()) as Partial<SessionAnswer>;
    const { token, expiresAt, serverTime } = answer;
    const complete =
      typeof token === "string" && typeof serverTime === "string" && expiresAt !== undefined;
    return complete && Number.isFinite(Date.parse(expiresAt))
      ? ({ hours: { open: true, changes: [] }, iceServers: [], ...answer } as SessionAnswer)
      : null;
  } catch {
    return null;
  }
}
