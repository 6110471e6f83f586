import type { RunEvent } from "../run/events.ts";
import type { StopOptions } from "../run/stop-options.ts";

/** A long-running job: takes validated settings and yields events. */
export type Job<Settings> = (settings: Settings, options: StopOptions) => AsyncGenerator<RunEvent>;

/** All long jobs by the name of their command. Each is loaded on demand: an evaluation needs no models. */
export const jobs = {
  segment: async () => (await import("../pipeline/zero-shot/segment.ts")).runSegment,
  saliency: async () => (await import("../pipeline/zero-shot/saliency.ts")).runSaliency,
  coarse: async () => (await import("../pipeline/zero-shot/coarse.ts")).runCoarse,
  refine: async () => (await import("../pipeline/zero-shot/refine.ts")).runRefine,
  calibrate: async () => (await import("../pipeline/calibrate/run.ts")).runCalibrate,
  everything: async () => (await import("../pipeline/everything/run.ts")).runEverything,
  embed: async () => (await import("../pipeline/embed/run.ts")).runEmbed,
  evaluate: async () => (await import("../pipeline/evaluate/run.ts")).runEvaluate,
  inspect: async () => (await import("../pipeline/inspect/run.ts")).runInspect,
  convert: async () => (await import("../pipeline/convert/run.ts")).runConvert,
  retrieve: async () => (await import("../pipeline/retrieve/run.ts")).runRetrieve,
  finetune: async () => (await import("./training-report.ts")).runFinetuneWithReport,
  "finetune-sam": async () => (await import("./training-report.ts")).runFinetuneSamWithReport,
  adapt: async () => (await import("./training-report.ts")).runAdaptWithReports,
  "weak pseudo-label": async () => (await import("./weak-reports.ts")).runPseudoLabelWithReport,
  "weak plan": async () => (await import("../pipeline/weak/plan/run.ts")).runWeakPlan,
  "weak train": async () => (await import("./training-report.ts")).runWeakTrainWithReport,
  "weak predict": async () => (await import("../pipeline/weak/predict/run.ts")).runWeakPredict,
  "weak uncertainty": async () => (await import("./weak-reports.ts")).runWeakUncertaintyWithReport,
  "weak run": async () => (await import("./weak-reports.ts")).runWeakRunWithReport,
  "weak export": async () => (await import("../pipeline/weak/export/run.ts")).runWeakExport,
  "prompts list": async () => (await import("../pipeline/prompts/list/run.ts")).runPromptsList,
  "prompts lint": async () => (await import("../pipeline/prompts/lint/run.ts")).runPromptsLint,
  "prompts write": async () => (await import("../pipeline/prompts/write/run.ts")).runPromptsWrite,
  "prompt-report": async () => (await import("./prompt-report.ts")).runPromptReportWithPage,
  "datasets list": async () => (await import("../pipeline/datasets/list/run.ts")).runDatasetsList,
  "datasets prepare": async () => (await import("../pipeline/datasets/prepare/run.ts")).runDatasetsPrepare,
  phantom: async () => (await import("../pipeline/phantom/run.ts")).runPhantom,
  demo: async () => (await import("./demo-page.ts")).runDemoWithPage,
  "models pull": async () => (await import("../pipeline/models-pull/run.ts")).runModelsPull,
  "models pack": async () => (await import("../pipeline/models-pack/pack.ts")).runModelsPack,
  "models unpack": async () => (await import("../pipeline/models-pack/unpack.ts")).runModelsUnpack,
  "models init": async () => (await import("../pipeline/models-init/run.ts")).runModelsInit,
  /** Used by `doctor`; not a command. */
  "try device": async () => (await import("./try-device.ts")).runTryDevice,
} as const;
export type JobName = keyof typeof jobs;
