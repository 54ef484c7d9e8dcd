/**
 * `Bellpush.check()`: what would keep a call from being made in this page. The page's own policies are
 * looked at here, the rest by a hidden frame of the server's, where the widget would be.
 */

import type { Checked, CheckMessage, Finding, Report } from "./findings.ts";

/** How long the frame may take with everything that it tries. */
const PATIENCE_MS = 12_000;
/** After so long a frame that was blocked is not waited for. */
const SILENCE_MS = 2000;
/** How long the browser may take to tell of what it has blocked. */
const VIOLATION_MS = 100;

type Complete = { readonly [N in keyof Checked]-?: string };

interface Policy {
  allowsFeature(feature: string, origin?: string): boolean;
}

async function check(options: Complete): Promise<Report> {
  const server = new URL(options.host).origin;
  const written = allow(server);
  const frame = createFrame(options, server);
  const asking = askFrame(frame, server);
  const findings = [https(), permissionsPolicy(frame, server), ...written, ...(await asking)];
  return { ok: findings.every(({ ok }) => ok !== false), findings };
}

/** Checks, and says what was found in the console as well. */
export async function checkAloud({ app, key, host }: Checked): Promise<Report> {
  if (!app || !key || !host) {
    throw new TypeError("check needs app, key and host, or a widget that is mounted");
  }
  const report = await check({ app, key, host });
  console.table(Object.fromEntries(report.findings.map(({ code, ...rest }) => [code, rest])));
  for (const { code, ok, sentence } of report.findings) {
    if (ok === false) {
      console.error(`Bellpush: ${code}: ${sentence}`);
    }
  }
  return report;
}

function https(): Finding {
  return isSecureContext
    ? { code: "https", ok: true, sentence: "The page is a secure one." }
    : {
        code: "https",
        ok: false,
        sentence: "The page is not served by HTTPS, and browsers give such pages no microphone.",
      };
}

/** What the page lets a frame of the server's have that asks for it. */
function permissionsPolicy(frame: HTMLIFrameElement, server: string): Finding {
  const { permissionsPolicy, featurePolicy } = frame as HTMLIFrameElement & {
    readonly permissionsPolicy?: Policy;
    readonly featurePolicy?: Policy;
  };
  const policy = permissionsPolicy ?? featurePolicy;
  const code = "permissions_policy";
  if (policy === undefined) {
    return {
      code,
      ok: null,
      sentence: "This browser does not tell pages of their Permissions-Policy; see the microphone.",
    };
  }
  return policy.allowsFeature("microphone", server)
    ? {
        code,
        ok: true,
        sentence: "The page's Permissions-Policy lets the widget have the microphone.",
      }
    : {
        code,
        ok: false,
        sentence: `The page's Permissions-Policy keeps the microphone from the widget; send: Permissions-Policy: microphone=(self "${server}").`,
      };
}

/** The frames that the page has written itself. */
function allow(server: string): Finding[] {
  return [...document.querySelectorAll("iframe")]
    .filter(({ src }) => src.startsWith(`${server}/w/`))
    .map(({ allow: allowed }) =>
      /(^|;)\s*microphone(\s|;|$)/.test(allowed)
        ? { code: "allow", ok: true, sentence: "The iframe may use the microphone." }
        : {
            code: "allow",
            ok: false,
            sentence:
              'The iframe lacks allow="microphone; autoplay; clipboard-write; screen-wake-lock".',
          },
    );
}

function createFrame({ app, key }: Complete, server: string): HTMLIFrameElement {
  const frame = document.createElement("iframe");
  const address = new URL("/w/check", server);
  address.search = new URLSearchParams({ app, key, origin: location.origin }).toString();
  frame.src = address.href;
  frame.allow = "microphone; autoplay";
  frame.hidden = true;
  return frame;
}

/** Puts the frame in, and waits for what it says. */
function askFrame(frame: HTMLIFrameElement, server: string): Promise<readonly Finding[]> {
  let blocked = false;
  let requestBlocked = false;
  const violated = ({ effectiveDirective, blockedURI }: SecurityPolicyViolationEvent) => {
    const ours = blockedURI.startsWith(server);
    blocked ||= ours && /^(frame|child)-src/.test(effectiveDirective);
    requestBlocked ||= ours && effectiveDirective === "connect-src";
  };
  /** A policy against the request itself tells nothing of the server. */
  const isAway = async () => {
    const answers = await isReachable(server);
    await new Promise((resume) => setTimeout(resume, VIOLATION_MS));
    return !answers && !requestBlocked;
  };
  document.addEventListener("securitypolicyviolation", violated);

  return new Promise<readonly Finding[]>((resolve) => {
    const hear = ({ source, origin, data }: MessageEvent<CheckMessage | null>) => {
      if (source === frame.contentWindow && origin === server && data?.source === "bellpush") {
        done([
          { code: "csp", ok: true, sentence: "The page's policies let the widget's frame in." },
          ...data.check,
        ]);
      }
    };
    const done = (findings: readonly Finding[]) => {
      clearTimeout(timer);
      clearTimeout(early);
      removeEventListener("message", hear);
      document.removeEventListener("securitypolicyviolation", violated);
      frame.remove();
      resolve(findings);
    };
    const giveUp = async () => done([silent(server, blocked, await isAway())]);
    const timer = setTimeout(giveUp, PATIENCE_MS);
    addEventListener("message", hear);
    document.documentElement.append(frame);
    const early = setTimeout(async () => {
      if (blocked || (await isAway())) {
        await giveUp();
      }
    }, SILENCE_MS);
  });
}

/** Why the frame does not speak. */
function silent(server: string, blocked: boolean, away: boolean): Finding {
  if (blocked) {
    return {
      code: "csp",
      ok: false,
      sentence: `The page's Content-Security-Policy blocks the widget's frame; add to it: frame-src ${server}.`,
    };
  }
  if (away) {
    return {
      code: "server",
      ok: false,
      sentence: `The server ${server} can't be reached from here.`,
    };
  }
  return crossOriginIsolated
    ? {
        code: "coep",
        ok: false,
        sentence:
          "The page's Cross-Origin-Embedder-Policy blocks the widget's frame: something between page and server takes the frame's own Cross-Origin-Embedder-Policy away.",
      }
    : { code: "csp", ok: null, sentence: "The widget's frame did not answer." };
}

/** Whether the server answers at all. */
function isReachable(server: string): Promise<boolean> {
  return fetch(`${server}/embed.js`, { mode: "no-cors", cache: "no-store" }).then(
    () => true,
    () => false,
  );
}
