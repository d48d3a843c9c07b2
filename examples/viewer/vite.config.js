import { defineConfig } from "vite";

// The page asks nobody but the place it came from, whatever is dropped on it. Not while developing:
// there vite puts scripts and styles into the page itself.
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "media-src 'self' blob: mediastream:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

export default defineConfig({
  // Relative: the page can be served from any path.
  base: "./",
  worker: { format: "es" },
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  // Bundled before, the package would not find its wasm and its worker beside it.
  optimizeDeps: { exclude: ["streamgauge"] },
  server: { fs: { allow: ["../.."] } },
  plugins: [
    {
      name: "content-security-policy",
      apply: "build",
      transformIndexHtml: () => [
        {
          tag: "meta",
          attrs: { "http-equiv": "Content-Security-Policy", content: policy },
          injectTo: "head-prepend",
        },
      ],
    },
  ],
});
