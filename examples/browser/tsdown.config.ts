import { defineConfig, type UserConfig } from "tsdown";

const shared: UserConfig = { format: "esm", dts: false, logLevel: "error" };

/** The page's script, and the server that `npm run page` starts. */
export default defineConfig([
  {
    ...shared,
    entry: "main.ts",
    outDir: "../../.tmp/page",
    platform: "browser",
    deps: { alwaysBundle: [/.*/], neverBundle: ["onnxruntime-web/wasm"], onlyBundle: false },
  },
  { ...shared, entry: "serve.ts", outDir: "../../.tmp/page-server", platform: "node", target: "node20.19" },
]);
