/** Styles of what is loaded later: they come with its script, and need no place in the document. */

/** Puts a style sheet into force. The policy of the document has no say in it, as no markup is made. */
export function adopt(css: string): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
