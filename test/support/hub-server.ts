import { createHash } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What the server did with one request. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** Answers a request in an unusual way; `next` answers it as a hub does. Returning true keeps the rule for the following request, too. */
export type Rule = (request: IncomingMessage, response: ServerResponse, next: () => void) => boolean | undefined;

export interface HubServer {
  readonly url: string;
  readonly seen: SeenRequest[];
  /** The rule for requests whose method and path contain a text, such as `GET model.bin`. */
  once(match: string, rule: Rule): void;
  /** The downloads of a file, without the questions about it. */
  downloadsOf(file: string): SeenRequest[];
  set(file: string, content: Uint8Array | string): void;
  close(): Promise<void>;
}

export interface HubServerOptions {
  readonly commit: string;
  /** Contents by `owner/repository/path`. */
  readonly files: Readonly<Record<string, Uint8Array | string>>;
  /** Files from this size on are kept by another server, to which the hub redirects. */
  readonly largeFrom?: number;
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const git = (bytes: Uint8Array) => createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");

/** A small Hugging Face hub with a storage server of its own, on two ports of this machine. */
export async function startHubServer({ commit, files, largeFrom = 1000 }: HubServerOptions): Promise<HubServer> {
  const contents = new Map(Object.entries(files).map(([path, content]) => [path, Buffer.from(content)]));
  const seen: SeenRequest[] = [];
  const rules: { match: string; rule: Rule }[] = [];
  let storage = "";

  const handler =
    (answer: (request: IncomingMessage, response: ServerResponse) => void) => (request: IncomingMessage, response: ServerResponse) => {
      seen.push({ method: request.method!, path: request.url!, headers: request.headers });
      const at = rules.findIndex(({ match }) => match.split(" ").every((part) => `${request.method} ${request.url}`.includes(part)));
      if (at < 0) return answer(request, response);
      const { rule } = rules[at]!;
      const stays = rule(request, response, () => answer(request, response));
      if (!stays) rules.splice(at, 1);
    };
  const sendBytes = (request: IncomingMessage, response: ServerResponse, bytes: Buffer, etag: string) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? Number.NaN);
    const isValid = request.headers["if-range"] === undefined || request.headers["if-range"] === etag;
    const isPart = isValid && from >= 0;
    if (isPart && from >= bytes.length) return void response.writeHead(416).end();
    const part = isPart ? bytes.subarray(from) : bytes;
    response.writeHead(isPart ? 206 : 200, {
      etag,
      "content-length": part.length,
      "accept-ranges": "bytes",
      ...(isPart && { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
    });
    response.end(request.method === "HEAD" ? undefined : part);
  };
  const hub = createServer(
    handler((request, response) => {
      const [, repository = "", , path = ""] = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(request.url!) ?? [];
      const bytes = contents.get(`${repository}/${path}`);
      if (!bytes) return void response.writeHead(404, { "x-error-code": "EntryNotFound" }).end();
      response.setHeader("x-repo-commit", commit);
      if (bytes.length < largeFrom) return sendBytes(request, response, bytes, `"${git(bytes)}"`);
      response.writeHead(302, {
        location: `${storage}/${sha256(bytes)}/${path}`,
        "x-linked-etag": `"${sha256(bytes)}"`,
        "x-linked-size": bytes.length,
      });
      response.end();
    }),
  );
  const store = createServer(
    handler((request, response) => {
      const hash = request.url!.split("/")[1]!;
      const bytes = [...contents.values()].find((content) => sha256(content) === hash);
      if (!bytes) return void response.writeHead(404).end();
      sendBytes(request, response, bytes, `"of storage ${hash.slice(0, 8)}"`);
    }),
  );
  storage = await listen(store);
  const url = await listen(hub);
  return {
    url,
    seen,
    once: (match, rule) => rules.push({ match, rule }),
    downloadsOf: (file) => seen.filter(({ method, path }) => method === "GET" && path.endsWith(`/${file}`)),
    set: (file, content) => contents.set(file, Buffer.from(content)),
    close: async () => {
      for (const server of [hub, store]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)),
  );
}

/** Rules. */
export const answer =
  (status: number, headers: Readonly<Record<string, string>> = {}, body = ""): Rule =>
  (_, response) => {
    response.writeHead(status, headers).end(body);
    return undefined;
  };

/** Sends the head of the right answer and a part of its body, then hangs up, or says nothing more. */
export const partThen =
  (bytes: number, then: "hang up" | "silence"): Rule =>
  (_, response, next) => {
    const end = response.end.bind(response);
    response.end = ((body?: Buffer) => {
      if (body === undefined) return end();
      response.write(body.subarray(0, bytes), () => then === "hang up" && response.destroy());
      return response;
    }) as typeof response.end;
    next();
    return undefined;
  };
