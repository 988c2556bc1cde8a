import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// `npm run dev` serves the page and hands the rest to a running bridge.
const bridge = "http://127.0.0.1:7373";

export default defineConfig({
  plugins: [react()],
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy: { "/api": bridge, "/ws": { target: bridge, ws: true } } },
});
