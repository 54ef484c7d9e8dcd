/** A name for a new block, which nobody else gives to another one. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return `b${[...bytes].map((byte) => byte.toString(36)).join("")}`;
}
