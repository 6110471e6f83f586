import { ConfigError, concernsOneInput, throwIfCancelled } from "../../errors.ts";
import { requireWritable } from "../../files/atomic-write.ts";
import { clipView } from "../../image/index.ts";
import type { RunEvent } from "../../run/events.ts";
import { findInputs, type RunInputs } from "../../run/inputs.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import { decodeImage } from "../../scans/decode-image.ts";
import { leftOutRecord } from "../../scans/left-out.ts";
import { cosine } from "../../tensor/cosine.ts";
import { writeSafetensors } from "../../tensor/safetensors.ts";
import { tensor } from "../../tensor/tensor.ts";
import { readingWarnings, requireWords } from "../../text/reading.ts";
import { streamThenDispose } from "../../then-dispose.ts";
import { clipFilesOf, loadClip } from "../models/model.ts";
import { modelWarnings } from "../models/model-content.ts";
import { sessionOptions } from "../models/models-of-run.ts";
import type { EmbedSettings } from "./settings.ts";

/**
 * Embeddings of images and texts in the shared space, before normalisation, and the cosine similarity of each pair, as one safetensors
 * file. An image that cannot be read is reported and skipped.
 */
export async function* runEmbed(settings: EmbedSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const start = performance.now();
  if (settings.inputs.length === 0 && settings.text.length === 0)
    throw new ConfigError("embed: pass images, folders, or texts with --text TEXT");
  for (const text of settings.text) requireWords(text, "--text");
  const {
    inputs,
    leftOut,
    warnings: aboutInputs,
  }: RunInputs = settings.inputs.length === 0 ? { inputs: [], leftOut: [], warnings: [] } : await findInputs(settings.inputs, settings.out);
  const { session, notices, warnings: aboutRun } = await sessionOptions(settings);
  for (const message of [...aboutInputs, ...aboutRun]) yield { type: "warning", message };
  const { parts } = await clipFilesOf(settings.clip, settings.clipConfig);
  await requireWritable(settings.out, [...inputs.map(({ file }) => file), ...parts]);
  yield { type: "stage", message: "opening the model" };
  const model = await loadClip(settings.clip, settings.clipConfig, session);
  for (const message of modelWarnings(model, settings.fit)) yield { type: "warning", message };
  const { clip, tokenizer } = model;
  const { contextLength, embed, vision } = clip.config;
  const total = inputs.length + settings.text.length;
  yield { type: "start", command: "embed", total, done: 0, out: settings.out };
  const names: string[] = [];
  const images: Float32Array[] = [];
  const texts: Float32Array[] = [];
  yield* streamThenDispose(async function* (): AsyncGenerator<RunEvent> {
    for (const { file, name } of inputs) {
      throwIfCancelled(signal);
      const begun = performance.now();
      try {
        const { image, warnings } = await decodeImage(file, { mode: settings.mode });
        images.push(await clip.imageFeatures(clipView(image, settings.fit, vision.imageSize).pixels));
        names.push(name);
        yield { type: "item", name, ms: Math.round(performance.now() - begun), warnings };
      } catch (error) {
        if (!concernsOneInput(error)) throw error;
        yield { type: "failure", name, message: error.message, code: error.code };
      }
    }
    for (const [i, text] of settings.text.entries()) {
      const begun = performance.now();
      texts.push(await clip.textFeatures(tokenizer.encode(text, { contextLength }).ids));
      const warnings = readingWarnings([text], tokenizer, contextLength);
      yield { type: "item", name: `text ${i}`, ms: Math.round(performance.now() - begun), warnings };
    }
  }, clip);
  const matrix = (rows: readonly Float32Array[]) => {
    const data = new Float32Array(rows.length * embed);
    for (const [i, row] of rows.entries()) data.set(row, i * embed);
    return tensor("float32", [rows.length, embed], data);
  };
  const similarity = Float32Array.from(images.flatMap((image) => texts.map((text) => cosine(image, text))));
  await writeSafetensors(
    settings.out,
    {
      image_features: matrix(images),
      text_features: matrix(texts),
      similarity: tensor("float32", [images.length, texts.length], similarity),
    },
    {
      image_names: JSON.stringify(names),
      texts: JSON.stringify(settings.text),
      ...(leftOut.length > 0 && { left_out: JSON.stringify(leftOutRecord(leftOut)) }),
      ...(notices.length > 0 && { notice: notices.join(" ") }),
    },
  );
  const failed = inputs.length - images.length;
  yield { type: "end", done: total - failed, skipped: 0, failed, ms: Math.round(performance.now() - start), lines: [settings.out] };
}
