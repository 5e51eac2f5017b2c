import { defineConfig } from "vite";

// Two entries: `site` is on every page (type, colours), `map` is the map. Names carry a hash of their content, so
// that a browser may keep them for ever; `base` is where Django serves them.
export default defineConfig({
  base: "/built/",
  publicDir: false,
  build: {
    outDir: "../src/fallow/web/static/built",
    emptyOutDir: true,
    manifest: true,
    sourcemap: false,
    target: "es2022",
    assetsInlineLimit: 0, // the policy of the pages allows no data: fonts or scripts
    chunkSizeWarningLimit: 2000,
    rollupOptions: { input: ["src/site.ts", "src/map.ts"] },
  },
  worker: { format: "es" },
});
