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
    // ECharts is the one large chunk; it is loaded with the first chart.
    chunkSizeWarningLimit: 600,
    rolldownOptions: {
      // htmx holds one call of eval, which is switched off in main.ts and refused by the page's policy.
      checks: { eval: false },
      input: {
        main: "src/main.ts",
        theme: "src/theme.ts",
        charts: "src/charts.ts",
        // Loaded by the one page that builds segments.
        builder: "src/builder.ts",
        // Other people's pages load these (`/patron.js`, `/forms.js`): one file each, that imports
        // nothing.
        patron: "src/patron.ts",
        forms: "src/forms.ts",
      },
    },
  },
});
