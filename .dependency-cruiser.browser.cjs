/** What src/browser.ts imports, types apart, resolved as a browser's bundler would: nothing of it may need Node. */
const { options } = require("./.dependency-cruiser.cjs");

module.exports = {
  forbidden: [
    { name: "no-node-in-browser", severity: "error", from: {}, to: { dependencyTypes: ["core"] } },
    { name: "no-native-package-in-browser", severity: "error", from: {}, to: { path: "node_modules/(onnxruntime-node|sharp)/" } },
    { name: "no-unresolved", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    ...options,
    tsPreCompilationDeps: false,
    enhancedResolveOptions: {
      ...options.enhancedResolveOptions,
      exportsFields: ["exports"],
      conditionNames: ["browser", "import", "default"],
    },
  },
};
