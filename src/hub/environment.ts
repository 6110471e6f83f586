import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../errors.ts";

/** The variables of Hugging Face's own tools, so that a cache, a token and a mirror are set once for all programs of a machine. */

/** `HF_HOME`, by default `huggingface` in the user's cache folder. */
function hubHome(): string {
  return process.env.HF_HOME || join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "huggingface");
}

/** The folder of all cached repositories: `HF_HUB_CACHE`, by default `hub` below `HF_HOME`. */
export function cacheFolder(): string {
  return process.env.HF_HUB_CACHE || process.env.HUGGINGFACE_HUB_CACHE || join(hubHome(), "hub");
}

/**
 * Address of the hub or of a mirror, `HF_ENDPOINT`, without a slash at its end.
 *
 * @throws ConfigError when it is none. Its value is not told: it may hold a password.
 */
export function hubEndpoint(): string {
  const address = (process.env.HF_ENDPOINT || "https://huggingface.co").trim().replace(/\/+$/, "");
  const url = /^https?:\/\//.test(address) && URL.canParse(address) ? new URL(address) : undefined;
  const fault = url === undefined ? "is no address of a hub" : faultOfEndpoint(url);
  if (fault !== undefined) throw new ConfigError(`HF_ENDPOINT ${fault} (not shown here). Expected one such as https://huggingface.co`);
  return address;
}

function faultOfEndpoint({ username, password, search, hash }: URL): string | undefined {
  if (username !== "" || password !== "") return "holds a user name or a password, which cannot be sent";
  return search !== "" || hash !== "" ? 'goes on after a "?" or "#"' : undefined;
}

/** Whether `HF_HUB_OFFLINE` forbids using the network. */
export function isOffline(): boolean {
  return ["1", "ON", "YES", "TRUE"].includes((process.env.HF_HUB_OFFLINE ?? "").toUpperCase());
}

/** A token, and where it was found. */
export interface HubToken {
  readonly value: string;
  readonly source: string;
}

/** Tokens are sent in a header, which takes nothing else. */
const sendable = /^[\x20-\x7e]+$/;

/**
 * `HF_TOKEN`, else what a login of Hugging Face's tools has written to `HF_TOKEN_PATH` or `HF_HOME/token`.
 *
 * @throws ConfigError when it cannot be a token; it names the variable or file, and never its content
 */
export async function hubToken(): Promise<HubToken | undefined> {
  for (const name of ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"]) {
    const value = process.env[name]?.trim();
    if (value) return tokenFrom(name, value);
  }
  const file = process.env.HF_TOKEN_PATH || join(hubHome(), "token");
  const value = (await readFile(file, "utf8").catch(() => "")).trim();
  return value === "" ? undefined : tokenFrom(file, value);
}

function tokenFrom(source: string, value: string): HubToken {
  if (sendable.test(value)) return { value, source };
  const what = /[\r\n]/.test(value) ? "more than one line" : "a character that no token has";
  throw new ConfigError(`the token of ${source} cannot be used: it holds ${what} (not shown here). Write the token there again, alone.`);
}
