// Builds Call Studio into a folder, and its manifest: what its document has to load.
// @ts-check
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("../studio/", import.meta.url));

/**
 * @param {string} outDir
 * @returns {Promise<void>}
 */
export async function buildStudio(outDir) {
  const result = await build({
    configFile: false,
    logLevel: "warn",
    root,
    // Chunks find each other by relative addresses, wherever a reverse proxy puts them.
    base: "./",
    oxc: { jsx: { runtime: "automatic", importSource: "react" } },
    build: {
      target: "es2022",
      cssTarget: ["chrome123", "firefox120", "safari17.5"],
      outDir,
      emptyOutDir: false,
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 2_000,
      rolldownOptions: {
        input: `${root}src/main.tsx`,
        // "use client" in Mantine's modules says something to servers, and there is none here.
        onLog: (level, log, handle) => {
          if (log.code !== "MODULE_LEVEL_DIRECTIVE") handle(level, log);
        },
        output: {
          entryFileNames: "assets/studio-[hash].js",
          chunkFileNames: "assets/[name]-[hash].js",
          assetFileNames: "assets/[name]-[hash][extname]",
        },
      },
    },
  });
  if (!("output" in result)) {
    throw new Error("one build has one output");
  }
  const chunks = result.output.filter((file) => file.type === "chunk");
  const entry = chunks.find((chunk) => chunk.isEntry);
  const icon = result.output.find((file) => file.fileName.endsWith(".svg"));
  if (entry === undefined || icon === undefined) {
    throw new Error("the build made no script or no icon of Studio");
  }
  const preload = imported(entry);
  const css = [entry.fileName, ...preload].flatMap((name) => [
    ...(chunks.find((chunk) => chunk.fileName === name)?.viteMetadata?.importedCss ?? []),
  ]);
  const screens = chunks
    .filter((chunk) => chunk.isDynamicEntry)
    .map((chunk) => ({
      name: chunk.name,
      js: [chunk.fileName, ...imported(chunk)].filter(
        (name) => name !== entry.fileName && !preload.includes(name),
      ),
    }));
  const manifest = { js: entry.fileName, preload, css, icon: icon.fileName, screens };
  await writeFile(`${outDir}/manifest.json`, `${JSON.stringify(manifest, null, 2)}\n`);

  /**
   * What a chunk imports, directly or not.
   * @param {(typeof chunks)[number]} chunk
   */
  function imported(chunk) {
    /** @type {Set<string>} */
    const found = new Set();
    const open = [...chunk.imports];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      const next = chunks.find((other) => other.fileName === name);
      if (next !== undefined && !found.has(name)) {
        found.add(name);
        open.push(...next.imports);
      }
    }
    found.delete(chunk.fileName);
    return [...found].sort();
  }
}
