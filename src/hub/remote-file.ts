import { WeightsError } from "../errors.ts";
import { hubEndpoint } from "./environment.ts";
import { faultOfStatus, type HttpOptions, PassingFault, pauseAfter, request } from "./http.ts";
import { commitPattern } from "./registry.ts";

/** A file of a repository, as the hub describes it in the headers of its answer. */
export interface RemoteFile {
  readonly path: string;
  readonly url: string;
  /** SHA-256 of a large file (64 digits), or the SHA-1 that Git has for a small one (40 digits). The cache names its content by it. */
  readonly etag: string;
  /** In bytes; absent where the server does not tell. */
  readonly size?: number;
  /** The commit that the revision stands for. */
  readonly commit: string;
}

/** The address of a file of a repository. */
export function addressOfFile(repository: string, revision: string, path: string): string {
  return `${hubEndpoint()}/${repository}/resolve/${encodeURIComponent(revision)}/${path.split("/").map(encodeURIComponent).join("/")}`;
}

/**
 * Asks the hub about a file, without downloading it.
 *
 * @returns undefined where the repository has no such file
 * @throws WeightsError when the repository cannot be read, or the server is not a hub; CancelledError
 */
export async function describeRemote(
  repository: string,
  revision: string,
  path: string,
  options: HttpOptions,
): Promise<RemoteFile | undefined> {
  const url = addressOfFile(repository, revision, path);
  for (let failures = 1; ; failures++) {
    try {
      return await describeOnce(repository, revision, path, url, options);
    } catch (fault) {
      if (!(fault instanceof PassingFault)) throw fault;
      await pauseAfter(fault, failures, options);
    }
  }
}

async function describeOnce(
  repository: string,
  revision: string,
  path: string,
  url: string,
  options: HttpOptions,
): Promise<RemoteFile | undefined> {
  // A large file is kept by another server; the hub's own answer, which leads there, has its hash.
  const isEnough = ({ headers }: Response) => headers.has("x-linked-etag") && headers.has("x-repo-commit");
  const { response, redirects, close } = await request(url, { method: "HEAD" }, { ...options, isEnough });
  close();
  const about = `"${path}" of ${repository}`;
  if (response.status === 404 && isOnlyFileMissing(response)) return undefined;
  if (response.status >= 400) throw faultOfStatus(response, about) ?? refusal(response, repository, revision, about, options);
  const header = (name: string) => [...redirects, response].map(({ headers }) => headers.get(name)).find((value) => value !== null);
  const etag = hashOf(header("x-linked-etag") ?? response.headers.get("etag"));
  const commit = header("x-repo-commit") ?? (commitPattern.test(revision) ? revision : undefined);
  if (etag === undefined || commit === undefined || !commitPattern.test(commit)) {
    throw new WeightsError(
      `${url} answered without ${etag === undefined ? "the hash of the file (ETag)" : "the commit of the repository (X-Repo-Commit)"}, so nothing from there can be checked. Is HF_ENDPOINT the address of a hub?`,
    );
  }
  const size = Number(header("x-linked-size") ?? response.headers.get("content-length") ?? Number.NaN);
  return { path, url: addressOfFile(repository, commit, path), etag, commit, ...(Number.isSafeInteger(size) && { size }) };
}

/** The hash in an ETag: `"<hash>"`, also marked as weak. */
function hashOf(etag: string | null): string | undefined {
  return /^(?:W\/)?"?([0-9a-f]{64}|[0-9a-f]{40})"?$/i.exec(etag ?? "")?.[1]?.toLowerCase();
}

/** A hub says what it does not find; another server may not. */
const isOnlyFileMissing = ({ headers }: Response): boolean => ["EntryNotFound", null].includes(headers.get("x-error-code"));

/** The error for an answer that repeating does not change. */
export function refusal(
  { status, headers, url }: Response,
  repository: string,
  revision: string,
  about: string,
  { token }: Pick<HttpOptions, "token">,
): WeightsError {
  const page = `${hubEndpoint()}/${repository}`;
  const code = headers.get("x-error-code");
  if (status === 401 || status === 403) {
    const isGated = code === "GatedRepo";
    const what = isGated ? "is gated: its authors ask you to accept conditions" : "does not exist, is private, or is gated";
    const how = token
      ? `The token of ${token.source} was sent and is not enough: use one of an account that has access`
      : "Set HF_TOKEN to a token of an account that has access";
    return new WeightsError(
      `${about} was refused (${status}): the repository ${what}. Open ${page} in a browser. ${how} (${hubEndpoint()}/settings/tokens).`,
    );
  }
  if (status === 404 && code === "RevisionNotFound")
    return new WeightsError(`${repository} has no revision "${revision}". Revisions: ${page}/tree/main`);
  if (status === 404) return new WeightsError(`${about} was not found (404${code === null ? "" : `, ${code}`}): ${page}`);
  return new WeightsError(`${new URL(url).host} answered ${status} for ${about}.`);
}
