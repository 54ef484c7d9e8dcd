// Writes the types of the API, as the server describes it in `docs/openapi.json`, for Studio's client.
// They are not kept in the repository: what checks, tests or builds the web parts makes them anew.
// @ts-check
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
mkdirSync(`${root}studio/src/api/generated`, { recursive: true });
// By its path, in a folder whose TypeScript is the one that it needs.
const packageJson = createRequire(`${root}openapi/`).resolve("openapi-typescript/package.json");
const cli = join(dirname(packageJson), "bin/cli.js");
execFileSync(
  process.execPath,
  [
    cli,
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
