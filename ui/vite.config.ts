import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// Two builds of one window: the real one talks to Rust, `--mode fake` talks to fixtures and is only
// for the page tests. They differ in one entry file, so no fixture can end up in the real bundle.
export default defineConfig(({ mode }) => ({
  plugins: [
    svelte(),
    {
      name: "entry",
      transformIndexHtml: {
        order: "pre",
        handler: (html: string) => (mode === "fake" ? html.replace("/src/main.ts", "/src/main.fake.ts") : html),
      },
    },
  ],
  clearScreen: false,
  server: { port: 1420, strictPort: true },
  build: {
    outDir: mode === "fake" ? "dist-fake" : "dist",
    target: "es2022",
    // Both would put something inline into the page, which its content policy forbids.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node", env: { TZ: "Europe/Berlin" } },
}));
