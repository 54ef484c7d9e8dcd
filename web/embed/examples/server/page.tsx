import { renderToString } from "react-dom/server";
import { Shop } from "../react/Shop.tsx";

/** The page as a server renders it; the browser's part is hydrated from `client.tsx`. */
export function page(): string {
  return `<div id="root">${renderToString(<Shop />)}</div>`;
}
