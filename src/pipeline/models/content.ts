import { described } from "../../check/described.ts";
import { WeightsError } from "../../errors.ts";

/** Content of a file, for programs without a file system: bytes, a file picked by the user, a response of `fetch`. */
export type Content = Uint8Array | ArrayBuffer | Blob | Response;

/** The bytes of a content. @throws WeightsError when it is something else, or could not be fetched */
export async function bytesOf(content: Content, name: string): Promise<Uint8Array> {
  if (content instanceof Uint8Array) return content;
  if (content instanceof ArrayBuffer) return new Uint8Array(content);
  if (!(content instanceof Blob || content instanceof Response)) {
    const hint = typeof content === "string" ? " A path must be given for the whole model: a folder, a file or a name." : "";
    throw new WeightsError(`"${name}" must be a Uint8Array, an ArrayBuffer, a Blob or a Response, got ${described(content)}.${hint}`);
  }
  if (content instanceof Response && !content.ok) {
    throw new WeightsError(`"${name}" could not be fetched: ${content.url} answered ${content.status} ${content.statusText}`.trimEnd());
  }
  return new Uint8Array(await content.arrayBuffer());
}

/** The bytes of weights, under the name that they have in messages and inside graphs. @throws as `bytesOf` */
export async function weightsOf(content: Content, what: string): Promise<{ readonly name: string; readonly bytes: Uint8Array }> {
  const name = nameOf(content, what);
  return { name, bytes: await bytesOf(content, name) };
}

/** Name of a content in messages and inside graphs, where it must be a plain file name. */
export function nameOf(content: Content, what: string): string {
  const path = content instanceof Response ? new URL(content.url, "file:").pathname : content instanceof File ? content.name : "";
  return path.split("/").at(-1) || what;
}
