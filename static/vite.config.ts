import { defineConfig } from "vite";

// The manifest is read by django-vite; file names carry a hash and may be cached for ever.
export default defineConfig({
  base: "/static/",
  publicDir: "public",
  build: {
    outDir: "dist",
    emptyOutDir: true,
    manifest: true,
    target: ["chrome123", "edge123", "firefox128", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    rolldownOptions: {
      input: {
        main: "src/main.ts",
        theme: "src/theme.ts",
        charts: "src/charts.ts",
      },
    },
  },
});
