/** A script that times the reference, with its arguments; it prints one line of JSON. */
export interface Reference {
  /** Name in the ratio column, if a row has several references. */
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
  /** Takes over a minute: one run without warm-up. */
  readonly isSlow?: boolean;
  /** Whether the script accepts `--warmup` and `--threads`. */
  readonly isPlain?: boolean;
}

/** One line of the table. */
export interface Row {
  readonly name: string;
  readonly title: string;
  /** Our runs in each process, after a warm-up run. */
  readonly runs: number;
  readonly references: readonly Reference[];
}

const clip = (name: string, ...args: string[]): Reference => ({ name, script: "clip.py", args: [name, ...args] });
const m2ibReleased = (layer: string): Reference => ({ ...clip("m2ib", "--layer", layer), isSlow: true });
const m2ib = (layer: string): Reference[] => [clip("m2ib-tuned", "--layer", layer), m2ibReleased(layer)];

/** Saliency methods that need one pass of the image tower. */
export const onePassMethods = ["maskclip", "sclip", "clearclip", "naclip"] as const;

/** The measured workloads, in the order of a run, with the names of `workloads`. */
export const rows: readonly Row[] = [
  { name: "m2ib-7", title: "M2IB, one image and sentence, layer 7", runs: 2, references: m2ib("7") },
  { name: "m2ib-9", title: "M2IB, one image and sentence, layer 9", runs: 2, references: m2ib("9") },
  {
    name: "m2ib-7-fast",
    title: "M2IB, one image and sentence, layer 7, `--fast`",
    runs: 4,
    references: [m2ibReleased("7")],
  },
  { name: "vit-1", title: "ViT-B/16 forward, 1 image", runs: 15, references: [clip("vit", "--batch", "1")] },
  { name: "vit-10", title: "ViT-B/16 forward, 10 images", runs: 5, references: [clip("vit", "--batch", "10")] },
  ...onePassMethods.map((name) => ({ name, title: `Saliency map by ${name}, 1 image, text known`, runs: 15, references: [] })),
  { name: "text", title: "BERT-base forward, 20 tokens", runs: 15, references: [clip("text", "--tokens", "20")] },
  {
    name: "sam-image",
    title: "SAM ViT-B, embedding of one image",
    runs: 3,
    references: [{ name: "encoder", script: "sam.py", args: ["encoder"] }],
  },
  {
    name: "sam-image-int8",
    title: "SAM ViT-B, embedding of one image, `--sam-precision int8`",
    runs: 3,
    references: [{ name: "encoder", script: "sam.py", args: ["encoder"] }],
  },
  { name: "sam-affinity", title: "Map of 1024 x 1024 spread by SAM-affinity", runs: 10, references: [] },
  { name: "sam-box", title: "SAM ViT-B, one more box", runs: 15, references: [{ name: "decoder", script: "sam.py", args: ["decoder"] }] },
  {
    name: "evaluate",
    title: "DSC and NSD of 100 pairs, 512 x 512",
    runs: 5,
    references: [{ name: "evaluate", script: "evaluate.py", args: ["--form", "volume"], isPlain: true }],
  },
  {
    name: "finetune-16",
    title: "Training step of BiomedCLIP, 16 pairs",
    runs: 2,
    references: [
      { name: "step-tuned", script: "finetune.py", args: ["step-tuned"] },
      { name: "step", script: "finetune.py", args: ["step"], isSlow: true },
    ],
  },
  { name: "finetune-64", title: "Training step of BiomedCLIP, 64 pairs, cached gradients", runs: 1, references: [] },
];
