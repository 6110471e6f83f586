import { z } from "zod";
import { InputError } from "../../errors.ts";
import { readJson } from "../../files/read-json.ts";
import { parsed } from "./parsed.ts";
import { intensitiesSchema } from "./plans-from-json.ts";
import { intensitiesJson } from "./plans-json.ts";
import type { Fingerprint } from "./types.ts";

const triples = z.array(z.tuple([z.number().positive(), z.number().positive(), z.number().positive()])).min(1);

const Schema = z.looseObject({
  foreground_intensity_properties_per_channel: intensitiesSchema,
  median_relative_size_after_cropping: z.number().positive(),
  shapes_after_crop: triples,
  spacings: triples,
});

/** The content of dataset_fingerprint.json, as nnU-Net writes it. */
export function fingerprintJson({ intensities, relativeSize, shapes, spacings }: Fingerprint): Record<string, unknown> {
  return {
    foreground_intensity_properties_per_channel: intensitiesJson(intensities),
    median_relative_size_after_cropping: relativeSize,
    shapes_after_crop: shapes,
    spacings,
  };
}

/** A fingerprint from such content. @param file - name in messages. @throws InputError that names the file and the key that is missing or wrong */
export function fingerprintFromJson(json: unknown, file: string): Fingerprint {
  const content = parsed(Schema, json, file, "");
  if (content.shapes_after_crop.length !== content.spacings.length) {
    throw new InputError(
      `"${file}" has ${content.shapes_after_crop.length} shapes_after_crop, but ${content.spacings.length} spacings. Compute the fingerprint again.`,
    );
  }
  return {
    spacings: content.spacings,
    shapes: content.shapes_after_crop,
    relativeSize: content.median_relative_size_after_cropping,
    intensities: Object.values(content.foreground_intensity_properties_per_channel),
  };
}

/** The same of a file. @throws InputError also when it cannot be read */
export async function readFingerprint(file: string): Promise<Fingerprint> {
  return fingerprintFromJson(await readJson(file, InputError), file);
}
