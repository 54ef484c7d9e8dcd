/** The API's client, typed by what the server says of itself. All of Studio's data comes through it. */

import { QueryClient } from "@tanstack/react-query";
import createFetchClient, { type Middleware } from "openapi-fetch";
import createQueryClient from "openapi-react-query";

import { askForProof, refused } from "./auth.ts";
import type { paths } from "./generated/schema.ts";
import { asProblem, Problem, problemOf } from "./problem.ts";

/** Where the server's paths begin, whatever a reverse proxy puts before them. */
export const serverUrl = new URL("..", document.baseURI);

/** Errors are thrown as what they are, so that no one has to look at an answer twice. */
const problems: Middleware = {
  async onResponse({ response }) {
    if (response.ok) return response;
    const body: unknown = await response.json().catch(() => null);
    const problem = problemOf(response.status, body);
    if (NOBODY.includes(problem.kind)) refused();
    throw problem;
  },
  onError({ error }) {
    return asProblem(error);
  },
};

/** Kinds of problems that say that nobody is signed in. */
const NOBODY = ["signed-out", "api-key-invalid"];

/** What wants it proved again who sits there is sent again once that was done. */
async function sendWithProof(request: Request): Promise<Response> {
  const again = request.clone();
  const answer = await fetch(request);
  if (answer.status !== 403) return answer;
  const body: unknown = await answer
    .clone()
    .json()
    .catch(() => null);
  const needsProof = problemOf(answer.status, body).kind === "step-up-required";
  return needsProof && (await askForProof()) ? fetch(again) : answer;
}

export const client = createFetchClient<paths>({
  baseUrl: serverUrl.href.replace(/\/$/, ""),
  fetch: sendWithProof,
});
client.use(problems);

export const api = createQueryClient(client);

/** Answers that are no better the second time. */
export const isFinal = (error: unknown) =>
  error instanceof Problem && error.status >= 400 && error.status < 500 && error.status !== 429;

/** For queries that make something by asking: it is not made anew when all else is read again. */
export const MADE_BY_ASKING = { isMade: true };

export const refreshAll = () =>
  queryClient.invalidateQueries({ predicate: ({ meta }) => meta?.isMade !== true });

export const queryClient = new QueryClient({
  defaultOptions: {
    // The browser's word that there is no network is no answer: what is asked says so, at once.
    mutations: { networkMode: "always" },
    queries: {
      networkMode: "always",
      staleTime: 5_000,
      retry: (count, error) => count < 2 && !isFinal(error),
    },
  },
});
