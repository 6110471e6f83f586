/** Serves the page, bundled by tsdown.config.ts, on this machine: npm run page */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize, resolve } from "node:path";

/** Folders of the page's files, by path prefix. */
const folders: readonly (readonly [string, string])[] = [
  ["/packs/", resolve("packs")],
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

/** Headers that isolate the page from other origins, which browsers require for shared memory and so for threads. */
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/** @param port - 0: any free one */
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
  const path = normalize(new URL(url, "http://page").pathname); // cannot leave the folder through ".."; % is kept
  const [prefix, folder] = folders.find(([start]) => path.startsWith(start)) ?? ["/", "/nowhere"];
  return join(folder, prefix.endsWith("/") ? path.slice(prefix.length) || "index.html" : path);
}

if (resolve(process.argv[1] ?? "") === import.meta.filename) {
  const { url } = await servePage(Number(process.env.PORT ?? 8080));
  console.log(`${url} (Ctrl-C ends it)`);
}
