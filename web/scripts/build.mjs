// Builds every web part into `dist/`, whose paths are the server's URL paths. Files that come out as
// they were keep their times, so that what holds them, the server, is not compiled again.
// @ts-check
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants } from "node:zlib";
import { build } from "vite";
import { buildStudio } from "./studio.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const published = `${root}dist/`;
// Beside the folder that it becomes: Vite takes no output folder outside of a part's root as its own.
const dist = `${await mkdtemp(`${root}.dist-`)}/`;

/**
 * What the encoder may be told of how distances are written down. It does not try them by itself, and which one makes
 * a file shortest differs.
 */
const DISTANCES = [
  {},
  { [constants.BROTLI_PARAM_NPOSTFIX]: 1 },
  { [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_FONT },
];

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

/** Files of one short function without any state: each would be one more request before anything runs. */
const TINY = ["adopt", "preload-helper", "rolldown-runtime"];

/**
 * Imports of what loads later, without the helper that fetches their style sheets as well: there are
 * none, and it would weigh on the first screen. What is tiny stands in each file that imports it.
 * @type {import("vite").Plugin}
 */
const plainImports = {
  name: "plain-imports",
  enforce: "pre",
  load: (id) =>
    id.endsWith("vite/preload-helper.js")
      ? "export const __vitePreload = (load) => load();"
      : undefined,
  generateBundle: {
    order: "post",
    // What the helper would have been told: it is made after everything was made smaller.
    handler(_, files) {
      const chunks = Object.values(files).filter((file) => file.type === "chunk");
      const tiny = chunks.filter(({ name }) => TINY.includes(name));
      for (const file of chunks) {
        file.code = file.code
          .replace(/^const __vite__mapDeps=.*\n/m, "")
          .replaceAll(/,(?:__vite__mapDeps\(\[[\d,]*\]\)|\[\]|void 0),import\.meta\.url\)/g, ")");
        for (const { fileName, code } of tiny) {
          const [, body, exported] = /^(.*)export\{([\w$]+)(?: as t)?\};\s*$/s.exec(code) ?? [];
          const named = `from"./${fileName.replace("assets/", "")}";`;
          file.code = file.code.replace(
            new RegExp(`import\\{t as ([\\w$]+)\\}${named.replaceAll(".", "\\.")}`),
            (_, local) => `const ${local}=(()=>{${body}return ${exported}})();`,
          );
          file.imports = file.imports.filter((imported) => imported !== fileName);
          if (body === undefined || file.code.includes(named)) {
            throw new Error(`${file.fileName}: ${fileName} has another form than was known`);
          }
        }
        if (file.code.includes("__vite__mapDeps")) {
          throw new Error(`${file.fileName}: an import has another form than was known`);
        }
      }
      for (const { fileName } of tiny) {
        delete files[fileName];
      }
    },
  },
};

const widget = filesOf(
  await build({
    ...part(`${dist}widget`, {
      rolldownOptions: {
        input: `${root}widget/src/main.tsx`,
        output: {
          entryFileNames: "assets/widget-[hash].js",
          chunkFileNames: ({ facadeModuleId }) =>
            facadeModuleId?.includes("/i18n/forms/")
              ? "assets/words-of-forms-[name]-[hash].js"
              : "assets/[name]-[hash].js",
          assetFileNames: "assets/[name]-[hash][extname]",
        },
      },
    }),
    plugins: [plainImports],
  }),
);
const sandbox = filesOf(
  await build(
    part(
      `${dist}widget`,
      classic(`${root}widget/src/sandbox/entry.ts`, "assets/sandbox-[hash].js"),
    ),
  ),
);
const codeConsole = filesOf(
  await build(
    part(
      `${dist}widget`,
      classic(`${root}widget/src/sandbox/console-entry.ts`, "assets/console-[hash].js"),
    ),
  ),
);
await build(
  part(dist, {
    // As a library it gets no helper for its one dynamic import, which would tell the page's window.
    lib: {
      entry: `${root}embed/src/loader.ts`,
      formats: ["iife"],
      name: "bellpushLoader",
      fileName: () => "embed.js",
    },
  }),
);
const PARTS = {
  "more.js": "embed/src/more.ts",
  "check-frame.js": "embed/src/check/frame.ts",
  "visit.js": "widget/src/visit.ts",
};
for (const [name, input] of Object.entries(PARTS)) {
  await build(
    part(`${dist}embed`, {
      rolldownOptions: {
        input: `${root}${input}`,
        preserveEntrySignatures: "strict",
        output: { format: "es", entryFileNames: name, chunkFileNames: "check.js" },
      },
    }),
  );
}
await build({
  ...part(`${dist}demo`, {}),
  root: `${root}demo`,
  base: "/demo/",
});

/** @param {string} file */
const path = (file) => `widget/${file}`;
const entry = widget.filter((file) => file.type === "chunk").find((chunk) => chunk.isEntry);
const extras = widget
  .filter((file) => file.type === "chunk")
  .find(({ name, isDynamicEntry }) => name === "extras" && isDynamicEntry);
const [css] = need(entry, "widget script").viteMetadata?.importedCss ?? [];
const manifest = {
  js: path(need(entry, "widget script").fileName),
  css: path(need(css, "widget style")),
  extras: [
    need(extras, "part for designs").fileName,
    ...need(extras, "part for designs").imports.filter((file) => file !== entry?.fileName),
  ].map(path),
  sandbox: path(need(sandbox[0], "sandbox script").fileName),
  console: path(need(codeConsole[0], "console of the sandbox").fileName),
};
await writeFile(`${dist}widget/manifest.json`, `${JSON.stringify(manifest, null, 2)}\n`);

const reference = filesOf(
  await build(
    part(`${dist}reference`, {
      rolldownOptions: {
        input: `${root}reference/src/main.ts`,
        output: {
          entryFileNames: "assets/reference-[hash].js",
          chunkFileNames: "assets/[name]-[hash].js",
          assetFileNames: "assets/[name]-[hash][extname]",
        },
      },
    }),
  ),
);
const viewer = reference.filter((file) => file.type === "chunk").find((chunk) => chunk.isEntry);
const [viewerCss] = need(viewer, "reference script").viteMetadata?.importedCss ?? [];
await writeFile(
  `${dist}reference/manifest.json`,
  `${JSON.stringify({ js: need(viewer, "reference script").fileName, css: need(viewerCss, "reference style") }, null, 2)}\n`,
);

await buildStudio(`${dist}studio`);
await publish();

/** Moves what differs from the last build to its place, with copies compressed for browsers that take brotli. */
async function publish() {
  const built = await filesIn(dist);
  for (const file of built) {
    const content = await readFile(`${dist}${file}`);
    const before = await readFile(`${published}${file}`).catch(() => null);
    if (before?.equals(content)) {
      continue;
    }
    await mkdir(dirname(`${published}${file}`), { recursive: true });
    // The copy first: a build that is interrupted between the two is then made good by the next one.
    if (isCompressed(file)) {
      await writeFile(`${published}${file}.br`, await compress(content));
    }
    await writeFile(`${published}${file}`, content);
  }
  const kept = new Set(built.flatMap((file) => (isCompressed(file) ? [file, `${file}.br`] : file)));
  for (const file of await filesIn(published)) {
    if (!kept.has(file)) {
      await rm(`${published}${file}`);
    }
  }
  await rm(dist, { recursive: true });
}

/**
 * The paths of all files below a folder.
 * @param {string} folder
 */
async function filesIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.replaceAll("//", "/").slice(folder.length));
}

/** @param {string} file */
function isCompressed(file) {
  return /\.(js|css)$/.test(file);
}

/** @param {Uint8Array} content */
async function compress(content) {
  const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  const tried = await Promise.all(
    DISTANCES.map((more) =>
      promisify(brotliCompress)(content, { params: { ...quality, ...more } }),
    ),
  );
  return tried.reduce((best, one) => (one.length < best.length ? one : best));
}
