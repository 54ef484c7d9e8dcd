// Builds the gallery of the widget's states into the folder that is named.
// @ts-check
import { fileURLToPath } from "node:url";
import { build } from "vite";

const [, , outDir] = process.argv;
if (outDir === undefined) {
  throw new Error("say where to: node scripts/gallery.mjs FOLDER");
}
const root = fileURLToPath(new URL("../widget/", import.meta.url));
await build({
  configFile: false,
  logLevel: "warn",
  root,
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    outDir,
    emptyOutDir: true,
    rolldownOptions: { input: `${root}gallery.html` },
  },
});
