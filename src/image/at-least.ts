/** 1 where a level is at least this one, 0 elsewhere. */
export function atLeast(levels: Uint8Array, level: number): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(levels.length);
  for (let i = 0; i < data.length; i++) data[i] = levels[i]! >= level ? 1 : 0;
  return data;
}
