/** Serves the page, as tsdown.config.ts has bundled it, to this machine: npm run page */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize, resolve } from "node:path";

/** Where the page's files come from, by how their path begins. */
const folders: readonly (readonly [string, string])[] = [
  ["/onnxruntime-web/", resolve("node_modules/onnxruntime-web/dist")],
  ["/main.js", resolve(".tmp/page")],
  ["/", resolve("examples/browser")],
];

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".css": "text/css",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/** With these the page may use threads: it is isolated from other origins, and so shares memory with nobody else. */
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/** @param port - 0 takes any that is free */
export async function servePage(port: number): Promise<{ readonly url: string; close(): void }> {
  const server = createServer(async ({ url }, response) => {
    const file = fileOf(url ?? "/");
    const isFile = (await stat(file).catch(() => undefined))?.isFile();
    response.writeHead(isFile ? 200 : 404, { "Content-Type": types[extname(file)] ?? "text/plain", ...isolation });
    if (isFile) createReadStream(file).pipe(response);
    else response.end("not found");
  });
  await new Promise<void>((listening) => server.listen(port, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function fileOf(url: string): string {
  const path = normalize(new URL(url, "http://page").pathname); // has no ".." that would lead out; % stays as it is
  const [prefix, folder] = folders.find(([start]) => path.startsWith(start)) ?? ["/", "/nowhere"];
  return join(folder, prefix.endsWith("/") ? path.slice(prefix.length) || "index.html" : path);
}

if (resolve(process.argv[1] ?? "") === import.meta.filename) {
  const { url } = await servePage(Number(process.env.PORT ?? 8080));
  console.log(`${url} (Ctrl-C ends it)`);
}
