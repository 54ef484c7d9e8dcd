// Builds every web part into `dist/`, whose paths are the server's URL paths.
// @ts-check
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants } from "node:zlib";
import { build } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = `${root}dist/`;

/**
 * Settings that all parts share.
 * @param {string} outDir
 * @param {import("vite").BuildOptions} options
 * @returns {import("vite").InlineConfig}
 */
function part(outDir, options) {
  return {
    configFile: false,
    logLevel: "warn",
    // Chunks find each other by relative addresses, wherever the server puts them.
    base: "./",
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    build: {
      target: "es2022",
      cssTarget: ["chrome123", "firefox120", "safari17.5"],
      outDir,
      emptyOutDir: false,
      modulePreload: false,
      assetsInlineLimit: 0,
      ...options,
    },
  };
}

/**
 * A classic script in one file.
 * @param {string} input
 * @param {string} name
 * @returns {import("vite").BuildOptions}
 */
function classic(input, name) {
  return {
    rolldownOptions: { input, output: { format: "iife", entryFileNames: name } },
  };
}

/**
 * The files of a build, without its folder.
 * @param {Awaited<ReturnType<typeof build>>} result
 */
function filesOf(result) {
  if (!("output" in result)) {
    throw new Error("one build has one output");
  }
  return result.output;
}

/**
 * @template T
 * @param {T | undefined} found
 * @param {string} what
 * @returns {T}
 */
function need(found, what) {
  if (found === undefined) {
    throw new Error(`the build made no ${what}`);
  }
  return found;
}

await rm(dist, { recursive: true, force: true });

const widget = filesOf(
  await build(
    part(`${dist}widget`, {
      cssCodeSplit: false,
      rolldownOptions: {
        input: `${root}widget/src/main.tsx`,
        output: {
          entryFileNames: "assets/widget-[hash].js",
          chunkFileNames: "assets/[name]-[hash].js",
          assetFileNames: "assets/widget-[hash][extname]",
        },
      },
    }),
  ),
);
const sandbox = filesOf(
  await build(
    part(
      `${dist}widget`,
      classic(`${root}widget/src/sandbox/entry.ts`, "assets/sandbox-[hash].js"),
    ),
  ),
);
await build(part(dist, classic(`${root}embed/src/loader.ts`, "embed.js")));
await build({
  ...part(`${dist}demo`, {}),
  root: `${root}demo`,
  base: "/demo/",
});

/** @param {string} file */
const path = (file) => `widget/${file}`;
const entry = widget.find((file) => file.type === "chunk" && file.isEntry);
const css = widget.find((file) => file.fileName.endsWith(".css"));
const manifest = {
  js: path(need(entry, "widget script").fileName),
  css: path(need(css, "widget style").fileName),
  sandbox: path(need(sandbox[0], "sandbox script").fileName),
};
await writeFile(`${dist}widget/manifest.json`, `${JSON.stringify(manifest, null, 2)}\n`);

// The server sends these copies as they are to browsers that take brotli.
const compress = promisify(brotliCompress);
const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
for (const file of await readdir(dist, { recursive: true })) {
  if (/\.(js|css)$/.test(file)) {
    await writeFile(`${dist}${file}.br`, await compress(await readFile(`${dist}${file}`), quality));
  }
}
