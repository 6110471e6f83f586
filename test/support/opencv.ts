import { createRequire } from "node:module";

type OpenCv = Awaited<typeof import("@techstark/opencv-js")>;

/**
 * OpenCV compiled to WebAssembly: an independent implementation to compare with.
 * The package exports a promise from a CommonJS module, which an ES import would take for its namespace.
 */
export async function loadOpenCv(): Promise<OpenCv> {
  return (await createRequire(import.meta.url)("@techstark/opencv-js")) as OpenCv;
}
