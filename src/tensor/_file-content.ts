import type { ByteSource } from "./_byte-source.ts";

/** What a file holds, judged by its first bytes: a supported weights format, or why it is not one. */
export type FileContent = { kind: "safetensors" } | { kind: "torch" } | { kind: "json" } | { kind: "other"; problem: string };

const HEAD_LENGTH = 256;
const HEADER_LIMIT = 100_000_000n;

/** How to turn an old torch file into one that can be read; torch reads both. */
const resave = `python -c "import torch; torch.save(torch.load('old.pth', map_location='cpu', weights_only=True), 'new.pth')"`;

/** Files that are often found where weights are expected, in the order they are tried; bytes are written as characters. */
const others: readonly { readonly begins: RegExp | string; readonly problem: string }[] = [
  { begins: /^$/, problem: "it is empty. Download it again." },
  {
    begins: "version https://git-lfs.github.com/spec/",
    problem: 'it is a Git LFS pointer, not the weights: run "git lfs pull" in its folder, or download the file itself.',
  },
  {
    begins: /^\s*<(!doctype html|html|\?xml|head|body)/i,
    problem: "it is a web page, not weights: the download gave an error or a login page. Download it again.",
  },
  {
    begins: "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19",
    problem: `it is in torch's format before version 1.6, which cannot be mapped into memory. Convert it once: ${resave}`,
  },
  { begins: "\x80", problem: "it is a bare Python pickle, not a file that torch.save wrote." },
  { begins: "\x1f\x8b", problem: "it is compressed with gzip. Unpack it first." },
  { begins: "\x89HDF", problem: "it is HDF5, perhaps Keras weights. Convert it to safetensors." },
  { begins: "GGUF", problem: "it is a GGUF model. Convert it to safetensors." },
];

/** Looks at the content, never at the file extension: checkpoints are called .pth, .pt, .bin, .ckpt and more. */
export async function contentOf(source: ByteSource): Promise<FileContent> {
  const head = await source.read(0, Math.min(HEAD_LENGTH, source.size));
  const text = String.fromCharCode(...head);
  if (text.startsWith("PK\x03\x04")) return { kind: "torch" };
  // The brace decides: 8 bytes of length alone could look like anything.
  if (text[8] === "{" && new DataView(head.buffer).getBigUint64(0, true) <= HEADER_LIMIT) return { kind: "safetensors" };
  if (/^(\xef\xbb\xbf)?\s*[{[]/.test(text)) return { kind: "json" };
  const problem = others.find(({ begins }) => (typeof begins === "string" ? text.startsWith(begins) : begins.test(text)))?.problem;
  return { kind: "other", problem: problem ?? `its first bytes match no supported weights format (${hex(head.subarray(0, 8))}).` };
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
