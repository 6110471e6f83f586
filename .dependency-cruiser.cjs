/** The layers of the README's section "Source code" as rules: imports point down, steps never import one another. */
const surfaces = ["cli"];
const background = ["jobs"];
const reports = ["report"];
const flows = ["pipeline", "train"];
const shared = ["run"];
const steps = [
  "saliency",
  "coarse",
  "visual-prompts",
  "segment",
  "volume",
  "losses",
  "metrics",
  "data",
  "phantom",
  "nnunet",
  "uncertainty",
  "gate",
  "presence",
];
const outside = ["models", "text", "scans", "results", "targets", "hub", "augment"];
const blocks = ["nn", "optim", "image", "dicom"];
const compute = ["graph", "runtime"];
const arrays = ["tensor"];
const layers = [surfaces, background, reports, flows, shared, steps, outside, blocks, compute, arrays];

const folder = (names) => `^src/(${names.join("|")})/`;

/** A layer must not import any layer above it. */
const downwards = layers.flatMap((names, i) =>
  i === 0
    ? []
    : [
        {
          name: `${names[0]}-imports-point-down`,
          severity: "error",
          from: { path: folder(names) },
          to: { path: folder(layers.slice(0, i).flat()) },
        },
      ],
);

/** Inside these layers, folders do not know one another. */
const apart = [steps, blocks].flatMap((names) =>
  names.map((name) => ({
    name: `${name}-stands-alone`,
    severity: "error",
    from: { path: folder([name]) },
    to: { path: folder(names.filter((other) => other !== name)) },
  })),
);

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    { name: "no-tests-in-source", severity: "error", from: { pathNot: "\\.test\\.ts$" }, to: { path: "(^test/|\\.test\\.ts$)" } },
    {
      name: "private-files",
      comment: "files that begin with _ belong to their folder",
      severity: "error",
      from: { path: "^src/([^/]+)/" },
      to: { path: "^src/[^_]*/_", pathNot: "^src/$1/" },
    },
    { name: "runtime-below-graph", severity: "error", from: { path: "^src/runtime/" }, to: { path: "^src/graph/" } },
    { name: "run-knows-no-step", severity: "error", from: { path: folder(shared) }, to: { path: folder(steps) } },
    ...downwards,
    ...apart,
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "\\.test\\.ts$" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { extensions: [".ts", ".js", ".json"], conditionNames: ["import", "types", "default"] },
  },
};
