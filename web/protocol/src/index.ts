/**
 * The contract between page, widget, custom code and server, as types and constants.
 *
 * What the Rust core decides is generated (`generated.ts`, and `design.ts` for design documents); here are the shapes of the messages
 * that carry it. Nothing in this package runs by itself.
 */
export type * as design from "./design.ts";
export { TEXT_KEYS, TEXT_PLACEHOLDERS } from "./design.ts";
export * from "./generated.ts";
export * from "./wire.ts";
