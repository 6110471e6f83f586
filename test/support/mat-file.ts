import { writeFile } from "node:fs/promises";
import h5wasm from "h5wasm";

/** A field of a struct in a MATLAB file, as MATLAB stores it: columns first. */
export interface MatField {
  readonly data: Int16Array | Uint8Array | Uint16Array | Float64Array;
  readonly shape: readonly number[];
}

const dtypes = { Int16Array: "<h", Uint8Array: "<B", Uint16Array: "<H", Float64Array: "<d" } as const;

/** Writes a MATLAB v7.3 file with one struct: MATLAB's own header of 512 bytes, then HDF5. */
export async function writeMat(file: string, struct: string, fields: Readonly<Record<string, MatField>>): Promise<void> {
  const { FS } = await h5wasm.ready;
  const hdf5 = new h5wasm.File("written.mat", "w");
  const group = hdf5.create_group(struct);
  for (const [name, { data, shape }] of Object.entries(fields)) {
    const dtype = dtypes[data.constructor.name as keyof typeof dtypes];
    group.create_dataset({ name, data, shape: [...shape], dtype });
  }
  hdf5.close();
  const content = FS.readFile("written.mat");
  FS.unlink("written.mat");
  const bytes = new Uint8Array(512 + content.length);
  bytes.set(new TextEncoder().encode("MATLAB 7.3 MAT-file, Platform: GLNXA64".padEnd(124)));
  bytes.set(content, 512);
  await writeFile(file, bytes);
}

/** A matrix given row by row, as MATLAB stores it. */
export function matrix<T extends Int16Array | Uint8Array>(
  rows: readonly (readonly number[])[],
  type: { from(values: number[]): T },
): MatField {
  const [height, width] = [rows.length, rows[0]!.length];
  return {
    data: type.from(Array.from({ length: width * height }, (_, i) => rows[i % height]![Math.floor(i / height)]!)),
    shape: [width, height],
  };
}

/** A slice of the brain tumor data set of Cheng et al. */
export const slice = (
  patient: string,
  label: number,
  image: readonly (readonly number[])[],
  mask: readonly (readonly number[])[],
): Record<string, MatField> => ({
  PID: { data: Uint16Array.from(patient, (sign) => sign.charCodeAt(0)), shape: [patient.length, 1] },
  image: matrix(image, Int16Array),
  label: { data: Float64Array.of(label), shape: [1, 1] },
  tumorBorder: { data: Float64Array.of(1, 2, 3, 4), shape: [1, 4] },
  tumorMask: matrix(mask, Uint8Array),
});
