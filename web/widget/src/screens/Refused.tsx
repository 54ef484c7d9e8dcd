import type { Texts } from "../i18n/index.ts";

/** Looks like the server's own page for a refusal. */
export function Refused({ t }: { readonly t: Texts }) {
  return (
    <main class="bp-refused">
      <h1>{t.refused.title}</h1>
      <p>{t.refused.text}</p>
    </main>
  );
}
