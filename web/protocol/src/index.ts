/**
 * The contract between page, widget, custom code and server, as types and constants.
 *
 * What the Rust core decides is generated (`generated.ts`); here are the shapes of the messages
 * that carry it. Nothing in this package runs by itself.
 */
export * from "./generated.ts";
export * from "./wire.ts";
