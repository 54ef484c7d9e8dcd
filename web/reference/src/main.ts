/** `/v1/docs`: the API, readably. It shows the server's own document, and asks nobody else. */

import "openapi-explorer";
import "./reference.css";

const DARK = {
  "bg-color": "#161d1f",
  "text-color": "#eaf0f0",
  "header-color": "#eaf0f0",
  "nav-bg-color": "#101517",
  "nav-text-color": "#b6c2c3",
  "primary-color": "#4fd6c3",
  "secondary-color": "#4fd6c3",
};
const LIGHT = {
  "bg-color": "#ffffff",
  "text-color": "#15201f",
  "header-color": "#15201f",
  "nav-bg-color": "#f2f5f5",
  "nav-text-color": "#2b3636",
  "primary-color": "#0b7367",
  "secondary-color": "#095e54",
};

const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
const explorer = document.createElement("openapi-explorer");
const settings: Readonly<Record<string, string>> = {
  // Beside this page, whatever a reverse proxy puts before both.
  "spec-url": new URL("openapi.json", document.baseURI).href,
  "server-url": new URL("..", document.baseURI).href.replace(/\/$/, ""),
  "hide-server-selection": "true",
  "hide-authentication": "true",
  "hide-console": "true",
  "default-schema-tab": "body",
  ...(isDark ? DARK : LIGHT),
};
for (const [name, value] of Object.entries(settings)) explorer.setAttribute(name, value);
document.body.append(explorer);
