// Writes the types of the API, as the server describes it in `docs/openapi.json`, for Studio's client.
// They are not kept in the repository: what checks, tests or builds the web parts makes them anew.
// @ts-check
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
mkdirSync(`${root}studio/src/api/generated`, { recursive: true });
execFileSync(
  "npx",
  [
    "openapi-typescript",
    "../../docs/openapi.json",
    "--output",
    "../studio/src/api/generated/schema.ts",
    "--root-types",
    "--root-types-no-schema-prefix",
    "--alphabetize",
    "--default-non-nullable=false",
    "--silent",
  ],
  { cwd: `${root}openapi`, stdio: ["ignore", "ignore", "inherit"] },
);
