// Builds the npm package `@bellpush/embed` into `.package/pack`, and packs it as it is published.
// @ts-check
import { execFileSync } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const pack = `${root}.package/pack/`;

await rm(`${root}.package`, { recursive: true, force: true });
await mkdir(pack, { recursive: true });
await build({
  configFile: false,
  logLevel: "warn",
  build: {
    target: "es2022",
    outDir: `${pack}dist`,
    minify: false,
    lib: {
      formats: ["es"],
      entry: {
        index: `${root}embed/src/index.ts`,
        react: `${root}embed/frameworks/react.ts`,
        vue: `${root}embed/frameworks/vue.ts`,
      },
    },
    rolldownOptions: {
      external: ["react", "vue"],
      output: { chunkFileNames: "[name].js" },
    },
  },
});

execFileSync(`${root}node_modules/.bin/tsc`, ["--project", "embed"], {
  cwd: root,
  stdio: "inherit",
});
// The types are read beside each other, without the packages and file names of this repository.
const types = `${pack}dist/types/`;
for (const file of await readdir(types, { recursive: true })) {
  if (file.endsWith(".d.ts")) {
    const text = await readFile(`${types}${file}`, "utf8");
    const up = "../".repeat(file.split("/").length - 1);
    const moved = text
      .replaceAll('"@bellpush/protocol"', `"${up}protocol/src/index.js"`)
      .replace(/(["'])(\.[^"']*)\.ts\1/g, "$1$2.js$1");
    await writeFile(`${types}${file}`, moved);
  }
}
await cp(`${root}embed/package`, pack, { recursive: true });
await cp(`${root}../LICENSE`, `${pack}LICENSE`);
const packed = execFileSync("npm", ["pack", "--json", "--pack-destination", ".."], {
  cwd: pack,
  encoding: "utf8",
});
await writeFile(`${root}.package/packed.json`, packed);
