import { z } from "zod";
import { keysOf } from "../../../keys-of.ts";
import { grouped } from "../../../run/settings/meta.ts";

/** Settings under one name; what the user gives takes precedence. */
interface Preset {
  /** What it is, and where its values come from. */
  readonly about: string;
  readonly settings: Readonly<Record<string, string | number | boolean>>;
}

/**
 * Presets by name. Those of tasks hold the settings of the released scripts for BiomedCLIP; layer and β of the lung tasks were never released,
 * so the defaults stay.
 *
 * @see Koleilat et al. 2024, arXiv:2409.19483, and the released scripts (July 2025)
 */
const presets = {
  "breast-ultrasound": {
    about: "breast tumours in ultrasound, as the released script",
    settings: { saliencyMethod: "m2ib", layer: 9, beta: 1, coarseMethod: "kmeans", keep: 1, visualPrompt: "box", seed: 12 },
  },
  "brain-mri": {
    about: "brain tumours in MRI, as the released script",
    settings: { saliencyMethod: "m2ib", layer: 9, beta: 2, coarseMethod: "kmeans", keep: 1, visualPrompt: "box", seed: 12 },
  },
  "chest-xray": {
    about: "lungs in chest X-rays: the two largest components, and points, which the paper found best",
    settings: { saliencyMethod: "m2ib", coarseMethod: "kmeans", keep: 2, visualPrompt: "points", seed: 12 },
  },
  "chest-ct": {
    about: "lungs in chest CT: the two largest components, with a box each",
    settings: { saliencyMethod: "m2ib", coarseMethod: "kmeans", keep: 2, visualPrompt: "box", perComponent: true, seed: 12 },
  },
  "medclip-sam-v1": {
    about:
      "the method's first version (Koleilat et al. 2024, arXiv:2403.20253): gScoreCAM, dense CRF, box. Its layer, where the gradient is zero, is not rebuilt",
    settings: { saliencyMethod: "gscorecam", channels: 300, coarseMethod: "crf", keep: 1, visualPrompt: "box" },
  },
} as const satisfies Record<string, Preset>;

/** The setting that chooses a preset. */
export const PresetSettings = z.strictObject(
  grouped("Input", {
    preset: z
      .enum(keysOf(presets))
      .optional()
      .describe(`settings under one name, for published weights: ${keysOf(presets).join(", ")}`)
      .meta({ neutral: true }),
  }),
);

/** The values of a preset that a command has settings for. @param known - names of its settings */
export function presetValues(name: unknown, known: readonly string[]): Record<string, string | number | boolean> {
  const preset: Preset | undefined = typeof name === "string" ? (presets as Record<string, Preset>)[name] : undefined;
  return Object.fromEntries(Object.entries(preset?.settings ?? {}).filter(([key]) => known.includes(key)));
}
