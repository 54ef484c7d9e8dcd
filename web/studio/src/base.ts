/**
 * Where addresses begin. The document says it relative to its own address; a browser that reads it anew
 * when that changes would take it for another place.
 */

const base = document.querySelector("base");
if (base !== null) base.href = document.baseURI;
