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

/** Address of the hub or of a mirror, `HF_ENDPOINT`, without a slash at its end. @throws ConfigError when it is none */
export function hubEndpoint(): string {
  const address = (process.env.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, "");
  if (!/^https?:\/\//.test(address) || !URL.canParse(address))
    throw new ConfigError(`HF_ENDPOINT is "${address}", expected the address of a hub, such as https://huggingface.co`);
  return address;
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

/** `HF_TOKEN`, else what a login of Hugging Face's tools has written to `HF_TOKEN_PATH` or `HF_HOME/token`. */
export async function hubToken(): Promise<HubToken | undefined> {
  for (const name of ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"]) {
    const value = process.env[name]?.trim();
    if (value) return { value, source: name };
  }
  const file = process.env.HF_TOKEN_PATH || join(hubHome(), "token");
  const value = (await readFile(file, "utf8").catch(() => "")).trim();
  return value === "" ? undefined : { value, source: file };
}
