/** Files often mistaken for a model, recognised by tensor names. The first match is used. */
const strangers: readonly { readonly name: RegExp; readonly what: string }[] = [
  {
    name: /(^|\.)lora_(A|B|up|down|embedding_[AB])(\.|$)/,
    what: "LoRA adapters without their base model. Merge them into the base model first.",
  },
  {
    name: /\.(weight|bias)_[gv]$|\.parametrizations\./,
    what: "a model with weight normalisation, which splits each weight in two. Remove it before saving.",
  },
  { name: /(^|\.)(exp_avg|exp_avg_sq|momentum_buffer)$/, what: "the state of an optimizer. Give the trained model instead." },
  { name: /(^|\.)sam_mask_decoder\.|(^|\.)image_encoder\.trunk\./, what: "SAM 2; only the first SAM is supported." },
  { name: /(^|\.)(mask_decoder|prompt_encoder)\./, what: "a SAM model (--sam)." },
  { name: /(^|\.)(visual\.(trunk|transformer)|text\.transformer|vision_model|text_model)\./, what: "a CLIP model (--clip)." },
];

/** What a file with tensors of these names is, in words; undefined for what is not known. */
export function strangerOf(names: readonly string[]): string | undefined {
  return strangers.find(({ name }) => names.some((tensor) => name.test(tensor)))?.what;
}
