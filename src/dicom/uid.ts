/** Makes the UIDs of the objects of one export, each by the role that it plays in it, such as "series" or "tracking/left lung". */
export type UidSource = (role: string) => Promise<string>;

/** A new UID: `2.25.` and a random UUID as an integer. @see DICOM PS3.5, B.2 */
const randomUid = (): string => uidOfUuid(crypto.getRandomValues(new Uint8Array(16)), 4);

/**
 * A UID that depends on its parts alone: `2.25.` and a UUID of version 8 from the first 128 bits of their SHA-256.
 *
 * @param parts - texts; each counts with its length, so that no two lists of parts agree by accident
 */
export async function uidOf(parts: readonly string[]): Promise<string> {
  const text = new TextEncoder().encode(JSON.stringify(parts));
  return uidOfUuid(new Uint8Array(await crypto.subtle.digest("SHA-256", text)).slice(0, 16), 8);
}

/** UIDs that are new at each export, but the same for one role within it. */
export function randomUids(): UidSource {
  const known = new Map<string, string>();
  return async (role) => {
    const uid = known.get(role) ?? randomUid();
    known.set(role, uid);
    return uid;
  };
}

/** UIDs that are the same whenever the same settings are applied to the same sources. @param sources - SOP instance UIDs */
export function deterministicUids(sources: readonly string[], settings: unknown): UidSource {
  const given = JSON.stringify(settings) ?? "";
  return (role) => uidOf([...sources, given, role]);
}

function uidOfUuid(bytes: Uint8Array, version: 4 | 8): string {
  bytes[6] = (bytes[6]! & 0x0f) | (version << 4);
  bytes[8] = (bytes[8]! & 0x3f) | 0x80; // the variant of RFC 9562
  return `2.25.${bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)}`;
}
