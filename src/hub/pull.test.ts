import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { answer, type HubServer, partThen, startHubServer } from "../../test/support/hub-server.ts";
import { CancelledError, ConfigError, WeightsError } from "../errors.ts";
import { locateModel } from "./locate.ts";
import { type PullEvent, type PullOptions, planPull, pull } from "./pull.ts";

const commit = "0123456789abcdef0123456789abcdef01234567";
const repository = "facebook/sam-vit-base";
/** Larger than a packet, so that a part of it can arrive. */
const weights = Buffer.from(Uint32Array.from({ length: 100_000 }, (_, i) => i * 2654435761).buffer);
const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");
const quick = { stallMs: 60_000, retries: 2, pauseMs: 1 };

let folder: string;
let server: HubServer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pull-"));
  const files = { "model.safetensors": weights, "config.json": "{}", "README.md": "# SAM" };
  server = await startHubServer({
    commit,
    files: Object.fromEntries(Object.entries(files).map(([name, content]) => [`${repository}/${name}`, content])),
  });
  for (const name of ["HF_HUB_CACHE", "HF_TOKEN", "HF_HUB_OFFLINE", "HF_TOKEN_PATH"]) vi.stubEnv(name, undefined);
  vi.stubEnv("HF_ENDPOINT", server.url);
  vi.stubEnv("HF_HOME", join(folder, "hf"));
  vi.stubEnv("XDG_CACHE_HOME", join(folder, "cache"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
  await rm(folder, { recursive: true });
});

const at = (...parts: string[]) => join(folder, "hf", "hub", "models--facebook--sam-vit-base", ...parts);
const blob = () => at("blobs", sha256(weights));
const blobs = () => readdirSync(at("blobs")).sort();

async function pulled(options: Partial<PullOptions> = {}, name = "sam-vit-b"): Promise<PullEvent[]> {
  const all = { ...quick, ...options };
  const events: PullEvent[] = [];
  for await (const event of pull(await planPull(name, all), all)) events.push(event);
  return events;
}

const notes = (events: readonly PullEvent[]) => events.flatMap((event) => (event.type === "note" ? [event.message] : []));

describe("a model", () => {
  test("arrives in the layout of the Hugging Face cache, and is found by its short name", async () => {
    await expect(locateModel("sam-vit-b", "sam")).rejects.toThrow("`medclip-sam models pull sam-vit-b`");
    await pulled();
    const snapshot = at("snapshots", commit);
    expect(readdirSync(snapshot).sort()).toEqual(["README.md", "config.json", "model.safetensors"]);
    expect(readlinkSync(join(snapshot, "model.safetensors"))).toBe(join("..", "..", "blobs", sha256(weights)));
    expect(readFileSync(join(snapshot, "model.safetensors")).equals(weights)).toBe(true);
    expect(readFileSync(at("refs", "main"), "utf8")).toBe(commit);
    expect(blobs().every((name) => /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(name))).toBe(true);
    expect(await locateModel("sam-vit-b", "sam")).toBe(join(snapshot, "model.safetensors"));
    expect(await locateModel(repository, "sam")).toBe(join(snapshot, "model.safetensors"));
  });

  test("that is there is asked for, but not downloaded again", async () => {
    await pulled();
    expect(await pulled()).toEqual([]);
    expect(server.downloadsOf("model.safetensors")).toHaveLength(2); // the hub, and the storage it points to
  });

  test("that another program has downloaded is checked, used and pinned", async () => {
    mkdirSync(at("blobs"), { recursive: true });
    writeFileSync(blob(), weights);
    await pulled();
    expect(server.downloadsOf("model.safetensors")).toEqual([]);
    const pins = JSON.parse(readFileSync(join(folder, "cache", "medclip-sam", "pins.json"), "utf8"));
    expect(pins[repository].main.files["model.safetensors"]).toEqual({
      size: weights.length,
      sha256: sha256(weights),
      etag: sha256(weights),
    });
  });

  test("of another revision is kept beside it, and found by its name with the revision", async () => {
    await pulled({ revision: "v1.0/beta" });
    expect(readFileSync(at("refs", "v1.0", "beta"), "utf8")).toBe(commit);
    expect(server.seen[0]!.path).toContain("/resolve/v1.0%2Fbeta/");
    await expect(locateModel("sam-vit-b", "sam")).rejects.toThrow("not on this machine");
    expect(await locateModel("sam-vit-b@v1.0/beta", "sam")).toContain(commit);
    expect(await locateModel(`sam-vit-b@${commit}`, "sam")).toContain(commit);
  });

  test("without a short name needs its kind, and may be in shards", async () => {
    const index = JSON.stringify({ weight_map: { a: "model-1.safetensors", b: "model-2.safetensors" } });
    for (const [name, content] of Object.entries({
      "model.safetensors.index.json": index,
      "model-1.safetensors": "one",
      "model-2.safetensors": "two",
    }))
      server.set(`someone/own/${name}`, content);
    await expect(pulled({}, "someone/own")).rejects.toThrow("say what it holds with --kind clip or --kind sam");
    await pulled({ kind: "sam" }, "someone/own");
    expect(await locateModel("someone/own", "sam")).toMatch(/model\.safetensors\.index\.json$/);
  });
});

describe("names", () => {
  test.each(["sam-vit-x", "../x", "a/../b", "owner/na--me", "https://huggingface.co/a/b", "sam-vit-b@../x", "constructor"])(
    "%s is none",
    async (name) => {
      await expect(planPull(name, { ...quick, kind: "sam" })).rejects.toThrow(ConfigError);
      expect(server.seen).toEqual([]);
    },
  );

  test("a model that is published elsewhere says where", async () => {
    await expect(planPull("sam-med2d", quick)).rejects.toThrow("Download it by hand from https://github.com/OpenGVLab/SAM-Med2D");
  });
});

describe("a secret that cannot be used is named before anything is asked, and never shown:", () => {
  const refused = async (name: string) => {
    const error: Error = await pulled().catch((error) => error);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toContain(name);
    expect(error.message).not.toContain("SECRET");
    expect(server.seen).toEqual([]);
  };

  test.each(["hf_SECRET\nSECRET2", "hf_SECRET\u043a", "hf_SECRET\u00e9", "hf_SECRET\0"])("the token %j", async (token) => {
    if (!token.includes("\0")) {
      vi.stubEnv("HF_TOKEN", token); // a variable cannot hold a zero
      await refused("HF_TOKEN");
      vi.stubEnv("HF_TOKEN", undefined);
    }
    mkdirSync(join(folder, "hf"));
    writeFileSync(join(folder, "hf", "token"), token);
    await refused(join(folder, "hf", "token"));
  });

  test.each([
    "http://user:SECRET@HOST",
    "http://SECRET@HOST",
    "SECRET@HOST",
    "http://HOST/?token=SECRET",
    "http://HOST/#SECRET",
    "http://:SECRET",
  ])("the endpoint %s", async (endpoint) => {
    vi.stubEnv("HF_ENDPOINT", endpoint.replace("HOST", new URL(server.url).host));
    await refused("HF_ENDPOINT");
  });
});

describe("a connection that", () => {
  test("is lost is resumed where it was, with the validator of the server", async () => {
    server.once(`GET /${sha256(weights)}/`, partThen(100_000, "hang up"));
    const events = await pulled();
    expect(notes(events)).toEqual([expect.stringMatching(/"model.safetensors" of facebook\/sam-vit-base: .*; trying again/)]);
    const last = server.downloadsOf("model.safetensors").at(-1)!;
    expect(last.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
    expect(last.headers["if-range"]).toMatch(/^"of storage/);
    expect(readFileSync(blob()).equals(weights)).toBe(true);
    expect(blobs().filter((name) => /incomplete|validator/.test(name))).toEqual([]);
  });

  test("is always lost before anything arrives ends the download after some attempts; the next one resumes", async () => {
    server.once(`GET /${sha256(weights)}/`, partThen(100_000, "hang up"));
    server.once(`GET /${sha256(weights)}/`, (_, response) => {
      response.destroy();
      return true;
    });
    await expect(pulled()).rejects.toThrow(
      /the connection to .* failed .*; tried 3 times\. What has arrived is kept: the same command resumes\.$/,
    );
    expect(blobs().some((name) => name.endsWith(".incomplete"))).toBe(true);
    await server.close();
    server = await startHubServer({ commit, files: { [`${repository}/model.safetensors`]: weights } });
    vi.stubEnv("HF_ENDPOINT", server.url);
    await pulled();
    expect(server.downloadsOf("model.safetensors").at(-1)!.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
    expect(readFileSync(blob()).equals(weights)).toBe(true);
  });

  test.each(["HEAD", "GET"])("never answers a %s: the error says what to do instead", async (method) => {
    server.once(method, (_, response) => {
      response.destroy();
      return true;
    });
    const error: Error = await pulled().catch((error) => error);
    expect(error.message).toMatch(
      /the connection to .* failed .*; tried 3 times\. Nothing has arrived .*HTTPS_PROXY.*HF_ENDPOINT.*models pack.*models unpack/,
    );
    expect(error.message).not.toContain("is kept");
  });

  test("is silent is given up after the time-out, and resumed", async () => {
    server.once(`GET /${sha256(weights)}/`, partThen(100_000, "silence"));
    const events = await pulled({ stallMs: 500, retries: 100 }); // on a busy machine other answers may be late, too
    expect(notes(events)).toContainEqual(expect.stringContaining("sent nothing for 0.5 s; trying again"));
    expect(readFileSync(blob()).equals(weights)).toBe(true);
  });

  test("leads to a server that ignores ranges begins again", async () => {
    server.once(`GET /${sha256(weights)}/`, partThen(100_000, "hang up"));
    server.once(`GET /${sha256(weights)}/`, (request, _, next) => {
      delete request.headers.range;
      next();
      return undefined;
    });
    await pulled();
    expect(readFileSync(blob()).equals(weights)).toBe(true);
  });

  test("is refused the rest (416) begins again", async () => {
    server.once(`GET /${sha256(weights)}/`, partThen(100_000, "hang up"));
    server.once(`GET /${sha256(weights)}/`, answer(416));
    expect(notes(await pulled())[1]).toContain("(416); beginning again");
    expect(server.downloadsOf("model.safetensors").at(-1)!.headers.range).toBeUndefined();
    expect(readFileSync(blob()).equals(weights)).toBe(true);
  });
});

describe("a server that", () => {
  test.each([429, 503, 500])("answers %i is asked again", async (status) => {
    server.once("HEAD config.json", answer(status, { "retry-after": "0" }));
    server.once("GET config.json", answer(status, { "retry-after": new Date(0).toUTCString() }));
    expect(notes(await pulled())).toEqual([expect.stringContaining(`answered ${status}`)]);
  });

  test("wants an hour is not waited for", async () => {
    server.once("HEAD config.json", answer(429, { "retry-after": "3600" }));
    await expect(pulled()).rejects.toThrow(/answered 429 \(too many requests\).*it asks to wait for 3600 s/);
  });

  test.each([401, 403])("answers %i: the error names the page and the token", async (status) => {
    server.once("HEAD", answer(status, { "x-error-code": "GatedRepo" }));
    await expect(pulled()).rejects.toThrow(`${repository} was refused (${status}): the repository is gated`);
    server.once("HEAD", answer(status));
    await expect(pulled()).rejects.toThrow(`Open ${server.url}/${repository} in a browser. Set HF_TOKEN`);
    vi.stubEnv("HF_TOKEN", "secret");
    server.once("HEAD", answer(status));
    const error = await pulled().catch((error: Error) => error.message);
    expect(error).toContain("The token of HF_TOKEN was sent and is not enough");
    expect(error).not.toContain("secret");
  });

  test("does not know the repository or the revision says so", async () => {
    await expect(pulled({ kind: "clip" }, "nobody/nothing")).rejects.toThrow(
      "does not hold the configuration of a CLIP model: expected open_clip_config.json or config.json",
    );
    server.once("HEAD", answer(404, { "x-error-code": "RevisionNotFound" }));
    await expect(pulled({ revision: "v9" })).rejects.toThrow(`${repository} has no revision "v9"`);
    server.once("HEAD", answer(404, { "x-error-code": "RepoNotFound" }));
    await expect(pulled()).rejects.toThrow("was not found (404, RepoNotFound)");
  });

  test("is no hub is not trusted", async () => {
    server.once("HEAD", answer(200, { etag: '"1-2-3"' }));
    await expect(pulled()).rejects.toThrow("answered without the hash of the file (ETag), so nothing from there can be checked");
  });

  test("sends other bytes: they are deleted, and the error names both hashes", async () => {
    const wrong = Buffer.from(weights).fill(0, 5, 6).fill(1, 6, 7);
    server.once(`GET /${sha256(weights)}/`, (_, response) => {
      response.end(wrong);
      return undefined;
    });
    await expect(pulled()).rejects.toThrow(
      `wrong bytes were received, and deleted. Expected the hash ${sha256(weights)}, got ${sha256(wrong)}`,
    );
    expect(blobs().some((name) => name.startsWith(sha256(weights)))).toBe(false);
    await expect(locateModel("sam-vit-b", "sam")).rejects.toThrow(WeightsError);
  });

  test("sends a page instead of the file: another size is noticed at once", async () => {
    server.once(`GET /${sha256(weights)}/`, answer(200, { "content-length": "5" }, "login"));
    await expect(pulled()).rejects.toThrow(`the server offers 5 bytes, expected ${weights.length}. Does a proxy or a login page answer`);
    server.once(`GET /${sha256(weights)}/`, (_, response) => {
      response.write(weights);
      response.end("more");
      return undefined;
    });
    await expect(pulled()).rejects.toThrow(`the server sends more than the ${weights.length} bytes of the file`);
  });

  test("redirects to another does not make the token known there", async () => {
    vi.stubEnv("HF_TOKEN", "secret");
    await pulled();
    const [hub, storage] = server.downloadsOf("model.safetensors");
    expect([hub!.headers.authorization, storage!.headers.authorization]).toEqual(["Bearer secret", undefined]);
    expect(server.seen.filter(({ method }) => method === "HEAD").every(({ headers }) => headers.authorization === "Bearer secret")).toBe(
      true,
    );
  });

  test("redirects within itself is followed, with the token of a login", async () => {
    mkdirSync(join(folder, "hf"));
    writeFileSync(join(folder, "hf", "token"), "of a login\n");
    server.once("HEAD model.safetensors", (request, response) => {
      response.writeHead(307, { location: `${request.url}?moved` }).end();
      return undefined;
    });
    server.once("HEAD ?moved", (request, _, next) => {
      request.url = request.url!.replace("?moved", "");
      next();
      return undefined;
    });
    await pulled();
    expect(server.seen.find(({ path }) => path.endsWith("?moved"))?.headers.authorization).toBe("Bearer of a login");
  });

  describe.each(["HEAD", "GET"])("redirects a %s", (method) => {
    test.each([
      ["file:///etc/passwd", 'a "file:" address, expected one of http(s)'],
      ["javascript:alert(1)", 'a "javascript:" address, expected one of http(s)'],
      ["data:text/plain,x", 'a "data:" address, expected one of http(s)'],
      ["http://user:SECRET@127.0.0.1/", "an address with a user name or password"],
      ["http://", "what is no address"],
      ["http://127.0.0.1:25/", "127.0.0.1:25 cannot be asked: its port is kept for something else"],
    ])("to %s is told at once", async (location, words) => {
      server.once(`${method} config.json`, answer(302, { location }));
      const error: Error = await pulled().catch((error) => error);
      expect(error).toBeInstanceOf(WeightsError);
      expect(error.message).toContain(words);
      expect(error.message).not.toContain("SECRET");
      expect(server.seen.filter((seen) => seen.method === method && seen.path.endsWith("config.json"))).toHaveLength(1);
    });
  });

  test("redirects without end is left", async () => {
    server.once("HEAD", (request, response) => {
      response.writeHead(302, { location: request.url! }).end();
      return true;
    });
    await expect(pulled()).rejects.toThrow("leads from one address to the next");
  });
});

describe("what was pinned", () => {
  const changed = Buffer.from(weights).reverse();

  test("is compared before a later download; both hashes and the way to accept are named", async () => {
    await pulled();
    server.set(`${repository}/model.safetensors`, changed);
    const before = server.downloadsOf("model.safetensors").length;
    await expect(pulled()).rejects.toThrow(
      new RegExp(
        `"model.safetensors" of ${repository} has changed: its hash is ${sha256(changed)}, it was ${sha256(weights)} .*\`medclip-sam models pull sam-vit-b --accept-changed\``,
      ),
    );
    expect(server.downloadsOf("model.safetensors")).toHaveLength(before);
    await pulled({ acceptChanged: true });
    expect(await pulled()).toEqual([]);
    expect(readFileSync(await locateModel("sam-vit-b", "sam")).equals(changed)).toBe(true);
  });

  test("notices weights under another name, which would be used instead", async () => {
    server.set("someone/own/pytorch_model.bin", weights);
    await pulled({ kind: "sam" }, "someone/own");
    server.set("someone/own/model.safetensors", changed);
    await expect(pulled({ kind: "sam" }, "someone/own")).rejects.toThrow(
      /someone\/own is made of other files than at the first download .*; new: "model.safetensors"; no longer used: "pytorch_model.bin"\. .*--accept-changed`/,
    );
    expect(server.downloadsOf("model.safetensors")).toEqual([]);
    await pulled({ kind: "sam", acceptChanged: true }, "someone/own");
    expect(await pulled({ kind: "sam" }, "someone/own")).toEqual([]);
  });

  test("notices a configuration that came or went", async () => {
    await pulled();
    server.once("HEAD config.json", answer(404, { "x-error-code": "EntryNotFound" }));
    await expect(pulled()).rejects.toThrow('; no longer used: "config.json". ');
    server.set(`${repository}/preprocessor_config.json`, "{}");
    await expect(pulled()).rejects.toThrow('; new: "preprocessor_config.json". ');
  });

  test("leaves the card and the licence free to come and to change", async () => {
    await pulled();
    server.set(`${repository}/LICENSE`, "as is");
    server.set(`${repository}/README.md`, "# SAM, revised");
    await pulled();
    expect(readFileSync(at("snapshots", commit, "README.md"), "utf8")).toBe("# SAM, revised");
  });

  test.each(['{"facebook/sam-vit-base": {"main": 3}}', '{"facebook/sam-vit-base": ', "\xff"])(
    "and is damaged is not passed over, before anything is downloaded: %j",
    async (content) => {
      const pins = join(folder, "cache", "medclip-sam", "pins.json");
      mkdirSync(dirname(pins), { recursive: true });
      writeFileSync(pins, content, "latin1");
      for (const acceptChanged of [false, true]) {
        const error: Error = await pulled({ acceptChanged }).catch((error) => error);
        expect(error).toBeInstanceOf(WeightsError);
        expect(error.message).toContain(`"${pins}" is damaged`);
        expect(error.message).toContain("remove it to begin anew");
      }
      expect(server.seen.filter(({ method }) => method === "GET")).toEqual([]);
    },
  );
});

test("a damaged file of the cache is downloaded again", async () => {
  await pulled();
  writeFileSync(blob(), Buffer.from(weights).fill(7, 0, 1));
  await pulled();
  expect(readFileSync(blob()).equals(weights)).toBe(true);
});

test("a damaged part of an earlier download is noticed, and all is downloaded again", async () => {
  mkdirSync(at("blobs"), { recursive: true });
  writeFileSync(`${blob()}.other.0.999999999.incomplete`, "");
  writeFileSync(`${blob()}.${hostname().replace(/[^\w-]/g, "_")}.0.0.incomplete`, Buffer.alloc(1000, 1));
  expect(notes(await pulled())).toEqual([expect.stringContaining("what an earlier download has left is damaged")]);
  expect(readFileSync(blob()).equals(weights)).toBe(true);
});

test("two downloads of one model at once do not disturb each other", async () => {
  await Promise.all([pulled(), pulled(), pulled()]);
  expect(readFileSync(blob()).equals(weights)).toBe(true);
  expect(blobs().filter((name) => name.includes("."))).toEqual([]);
});

test("cancelling keeps what has arrived", async () => {
  const stop = new AbortController();
  server.once(`GET /${sha256(weights)}/`, partThen(100_000, "silence"));
  const options = { ...quick, signal: stop.signal };
  const cancelled = async () => {
    for await (const event of pull(await planPull("sam-vit-b", options), options))
      if (event.type === "received" && event.file.path === "model.safetensors" && event.received > 0) stop.abort();
  };
  await expect(cancelled()).rejects.toThrow(CancelledError);
  expect(blobs().some((name) => name.endsWith(".incomplete"))).toBe(true);
  await pulled();
  expect(server.downloadsOf("model.safetensors").at(-1)!.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
});

test("without network nothing is asked", async () => {
  vi.stubEnv("HF_HUB_OFFLINE", "true");
  await expect(pulled()).rejects.toThrow("HF_HUB_OFFLINE is set, so nothing is downloaded");
  expect(server.seen).toEqual([]);
});
