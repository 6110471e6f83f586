/**
 * Encodings by the defined terms of SpecificCharacterSet, as `TextDecoder` names them. The decoder for Latin-1 reads 0x80 to 0x9F as
 * windows-1252 does; DICOM has no characters there.
 *
 * @see DICOM PS3.3, C.12.1.1.2
 */
const byTerm: Readonly<Record<string, string>> = {
  "": "latin1",
  "ISO_IR 6": "latin1",
  "ISO_IR 100": "latin1",
  "ISO_IR 101": "iso-8859-2",
  "ISO_IR 109": "iso-8859-3",
  "ISO_IR 110": "iso-8859-4",
  "ISO_IR 144": "iso-8859-5",
  "ISO_IR 127": "iso-8859-6",
  "ISO_IR 126": "iso-8859-7",
  "ISO_IR 138": "iso-8859-8",
  "ISO_IR 148": "windows-1254",
  "ISO_IR 203": "iso-8859-15",
  "ISO_IR 13": "shift_jis",
  "ISO_IR 166": "windows-874",
  "ISO_IR 192": "utf-8",
  GB18030: "gb18030",
  GBK: "gbk",
};

/** Escape sequences that switch the encoding inside a value, and the bytes that a decoder wants before what follows them. */
const escapes: readonly { readonly sequence: string; readonly encoding: string; readonly prefix?: string; readonly isWide?: boolean }[] = [
  { sequence: "(B", encoding: "" },
  { sequence: "(J", encoding: "shift_jis" },
  { sequence: ")I", encoding: "shift_jis" },
  { sequence: "$B", encoding: "iso-2022-jp", prefix: "\x1b$B" },
  { sequence: "$@", encoding: "iso-2022-jp", prefix: "\x1b$B" },
  { sequence: "$(D", encoding: "euc-jp", isWide: true },
  { sequence: "$)C", encoding: "euc-kr" },
  { sequence: "$)A", encoding: "gbk" },
  { sequence: "-A", encoding: "latin1" },
  { sequence: "-B", encoding: "iso-8859-2" },
  { sequence: "-C", encoding: "iso-8859-3" },
  { sequence: "-D", encoding: "iso-8859-4" },
  { sequence: "-L", encoding: "iso-8859-5" },
  { sequence: "-G", encoding: "iso-8859-6" },
  { sequence: "-F", encoding: "iso-8859-7" },
  { sequence: "-H", encoding: "iso-8859-8" },
  { sequence: "-M", encoding: "windows-1254" },
  { sequence: "-T", encoding: "windows-874" },
];

const escapeByte = 0x1b;
const decoders = new Map<string, InstanceType<typeof TextDecoder>>();

function decode(bytes: Uint8Array, encoding: string): string {
  const decoder = decoders.get(encoding) ?? new TextDecoder(encoding, { ignoreBOM: true });
  decoders.set(encoding, decoder);
  return decoder.decode(bytes);
}

/**
 * The text of some bytes, by the values of SpecificCharacterSet. Unknown character sets are read as Latin-1.
 *
 * @param sets - the first is that of text before any escape sequence; "ISO 2022 IR 100" is the same set as "ISO_IR 100"
 */
export function textOf(bytes: Uint8Array, sets: readonly string[]): string {
  const first = byTerm[(sets[0] ?? "").replace(/^ISO 2022 IR /, "ISO_IR ")] ?? "latin1";
  if (!bytes.includes(escapeByte)) return decode(bytes, first);
  let text = "";
  let [start, current] = [0, { encoding: first } as (typeof escapes)[number]];
  const flush = (end: number) => {
    text += segment(bytes.subarray(start, end), { ...current, encoding: current.encoding || first });
  };
  for (let at = bytes.indexOf(escapeByte); at >= 0; at = bytes.indexOf(escapeByte, at + 1)) {
    const found = escapes.find(({ sequence }) => [...sequence].every((letter, i) => bytes[at + 1 + i] === letter.charCodeAt(0)));
    if (!found) continue;
    flush(at);
    [start, current] = [at + 1 + found.sequence.length, found];
  }
  flush(bytes.length);
  return text;
}

function segment(bytes: Uint8Array, { encoding, prefix = "", isWide = false }: Omit<(typeof escapes)[number], "sequence">): string {
  if (isWide) {
    // JIS X 0212: EUC has its two bytes with the high bit set, behind 0x8F.
    const wide: number[] = [];
    for (let i = 0; i + 1 < bytes.length; i += 2) wide.push(0x8f, bytes[i]! | 0x80, bytes[i + 1]! | 0x80);
    return decode(Uint8Array.from(wide), encoding);
  }
  if (!prefix) return decode(bytes, encoding);
  return decode(Uint8Array.from([...Array.from(prefix, (letter) => letter.charCodeAt(0)), ...bytes]), encoding);
}
