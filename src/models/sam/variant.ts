import type { Weights } from "../weights.ts";

/** Models of SAM's architecture that differ in how they take images, or in their adapters. */
export const samVariantNames = ["sam", "medsam", "sam-med2d"] as const;
export type SamVariantName = (typeof samVariantNames)[number];

/** Which variant a model is, and why. */
export interface RecognisedVariant {
  readonly variant: SamVariantName;
  /** A sentence for the user where the variant was assumed from a name. */
  readonly note?: string;
}

/** What is known of a model beside its weights. */
export interface VariantHints {
  /** The variant that the user has named. */
  readonly variant?: SamVariantName | undefined;
  /** The repository that its configuration names. */
  readonly repository?: string | undefined;
}

/** Names of files that say nothing about the model in them. */
const generalName = /^((pytorch_)?model|weights|checkpoint|best|last|latest|final)([-_.]|$)/i;

/** Folders of the Hugging Face cache: models--OWNER--NAME/snapshots/REVISION. */
const cachedRepository = /(?:^|[\\/])models--([^\\/]+)[\\/]snapshots[\\/]/;

const namedVariants: readonly (readonly [SamVariantName, RegExp])[] = [
  ["sam-med2d", /sam[-_ ]?med[-_ ]?2d/i],
  ["medsam", /(^|[^a-z])med[-_ ]?sam/i],
];

/**
 * The variant of a model: the one that the user names, else that of the file's metadata, else SAM-Med2D where blocks have adapters. MedSAM has all
 * names and sizes of SAM, so it is known only by the name of its repository, file or folder; whatever says nothing is SAM.
 */
export function recognisedVariant(weights: Weights, { variant, repository }: VariantHints = {}): RecognisedVariant {
  if (variant) return { variant };
  const recorded = samVariantNames.find((name) => name === weights.metadata.variant);
  if (recorded) return { variant: recorded };
  if (weights.has(adapterMarker)) return { variant: "sam-med2d" };
  const ofRepository = namedVariant(repository ?? "") ?? namedVariant(cachedRepository.exec(weights.file)?.[1] ?? "");
  if (ofRepository) return { variant: ofRepository };
  const name = nameIn(weights.file);
  const assumed = namedVariant(name);
  if (!assumed) return { variant: "sam" };
  const title = assumed === "medsam" ? "MedSAM" : "SAM-Med2D";
  return {
    variant: assumed,
    note: `"${weights.file}" is taken for ${title} because of the name "${name}", so images are prepared as for that model. If it is another one, pass --sam-variant sam.`,
  };
}

/** The variant that a name tells; undefined for all others. */
const namedVariant = (name: string): SamVariantName | undefined => namedVariants.find(([, pattern]) => pattern.test(name))?.[0];

/** A tensor that only models with adapters have. */
export const adapterMarker = "image_encoder.blocks.0.Adapter.norm.weight";

/** The part of a path that names the model: its file, or the folder of a file of a general name. */
function nameIn(path: string): string {
  const parts = path.split(/[\\/]/);
  const file = parts.at(-1)!;
  return generalName.test(file) ? (parts.at(-2) ?? file) : file;
}
