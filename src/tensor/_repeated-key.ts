/**
 * The first key that occurs twice in one object of a valid JSON text, if any. `JSON.parse` keeps the last of them silently,
 * while readers in other languages may keep the first: a file could mean different things to each.
 */
export function repeatedKey(json: string): string | undefined {
  const keys: Set<string>[] = []; // of the objects and lists around the current position
  for (let i = 0; i < json.length; i++) {
    const character = json[i];
    if (character === "{" || character === "[") keys.push(new Set());
    else if (character === "}" || character === "]") keys.pop();
    else if (character === '"') {
      const end = endOfString(json, i);
      if (isFollowedByColon(json, end)) {
        const key = JSON.parse(json.slice(i, end)) as string; // undoes escapes: "a" and "\u0061" are one key
        if (keys.at(-1)!.has(key)) return key;
        keys.at(-1)!.add(key);
      }
      i = end - 1;
    }
  }
  return undefined;
}

/** The position after the closing quote of the string that opens at `start`. */
function endOfString(json: string, start: number): number {
  let i = start + 1;
  while (json[i] !== '"') i += json[i] === "\\" ? 2 : 1;
  return i + 1;
}

function isFollowedByColon(json: string, position: number): boolean {
  while (" \t\n\r".includes(json[position] ?? ":")) position++;
  return json[position] === ":";
}
