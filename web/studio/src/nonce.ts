/**
 * The number that the server has marked this page's own scripts and styles with: under Studio's policy
 * nothing else may be a style sheet. Imported before any library that makes one.
 */

export const nonce = document.querySelector<HTMLScriptElement>("script[nonce]")?.nonce ?? "";

// Where `get-nonce`, below dialogs and drawers, looks for it.
(globalThis as { __webpack_nonce__?: string }).__webpack_nonce__ = nonce;
