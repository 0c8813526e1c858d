import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// Two builds of the windows: the real one talks to Rust, `--mode fake` talks to fixtures and is only
// for the page tests. They differ in the entry files, so no fixture can end up in the real bundle.
export default defineConfig(({ mode }) => ({
  plugins: [
    svelte(),
    {
      name: "entry",
      transformIndexHtml: {
        order: "pre",
        handler: (html: string) => (mode === "fake" ? html.replace("main.ts", "main.fake.ts") : html),
      },
    },
  ],
  clearScreen: false,
  server: { port: 1420, strictPort: true },
  build: {
    outDir: mode === "fake" ? "dist-fake" : "dist",
    target: "es2022",
    // The main window, and the one that asks: a page of its own with nothing of the other in it.
    rollupOptions: { input: ["index.html", "approval.html"] },
    // Both would put something inline into the page, which its content policy forbids.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node", env: { TZ: "Europe/Berlin" } },
}));
