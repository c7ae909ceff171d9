import { defineConfig } from "vite";
import type { Plugin } from "vite";

// The manifest is read by django-vite; file names carry a hash and may be cached for ever.
// The compiler in the e-mail editor asks for the global object by compiling a text, which the policy
// of the page refuses and notes as an error; the same object has a name.
const nameGlobalObject: Plugin = {
  name: "name-global-object",
  transform: {
    filter: { id: /grapesjs-mjml/ },
    handler: (code) => ({ code: code.replace(/(?:new )?Function\("return this"\)\(\)/g, "globalThis"), map: null }),
  },
};

// The form script is made of several modules; on other people's pages no name of them may be left over.
const wrapScript: Plugin = {
  name: "wrap-script",
  renderChunk: (code, chunk) => (chunk.isEntry && chunk.name === "forms" ? { code: `(() => {\n${code}\n})();`, map: null } : null),
};

export default defineConfig({
  plugins: [nameGlobalObject, wrapScript],
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
        // Loaded by the one page that builds flows; it alone brings React.
        flow_builder: "src/flow_builder.tsx",
        // Of the pages of templates; the editor, which is large, is loaded by its page alone.
        content: "src/content.ts",
        campaigns: "src/campaigns.ts",
        email_editor: "src/email_editor.ts",
        // Other people's pages load these (`/patron.js`, `/forms.js`, `/push.js`): one file each, that
        // loads nothing else.
        patron: "src/patron.ts",
        forms: "src/forms.ts",
        push: "src/push.ts",
        "push-worker": "src/push-worker.ts",
      },
    },
  },
});
