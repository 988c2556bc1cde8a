import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

// `npm run dev` serves the page and hands the rest to a running bridge.
const bridge = process.env["MAESTRO_BRIDGE"] ?? "http://127.0.0.1:7373";
const SMALL = 1024;

/** What compresses well lies compressed beside itself, so that the bridge need not do it for every visitor. */
function compressed(): Plugin {
  let directory = "";
  return {
    name: "compressed", apply: "build",
    configResolved: (config) => { directory = config.build.outDir; },
    async closeBundle() {
      for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(js|css|html|svg|json)$/.test(entry.name)) continue;
        const path = join(entry.parentPath, entry.name);
        const bytes = await readFile(path);
        if (bytes.length < SMALL) continue;
        await writeFile(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
        await writeFile(`${path}.gz`, gzipSync(bytes, { level: 9 }));
      }
    },
  };
}

/** The page is asked for at once, beside the connection that asks for it. */
function pageEarly(): Plugin {
  return {
    name: "page-early", apply: "build",
    transformIndexHtml: {
      order: "post",
      handler: (html, { bundle }) => {
        const page = Object.values(bundle ?? {}).find((each) => each.type === "chunk" && each.facadeModuleId?.endsWith("/src/page.tsx"));
        if (page?.type !== "chunk") throw new Error("the page has no chunk of its own");
        const missing = [page.fileName, ...page.imports].filter((file) => !html.includes(`/${file}"`));
        return missing.map((file) => ({ tag: "link", attrs: { rel: "modulepreload", crossorigin: true, href: `/${file}` }, injectTo: "head" as const }));
      },
    },
  };
}

export default defineConfig({
  plugins: [react(), compressed(), pageEarly()],
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 900 },
  server: { proxy: { "/api": bridge, "/ws": { target: bridge, ws: true } } },
});
