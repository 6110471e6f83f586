import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { collect, warningsOf } from "../../../../test/support/tiny-run.ts";
import { CancelledError, ConfigError, InputError, MedclipSamError } from "../../../errors.ts";
import type { RunEvent } from "../../../run/events.ts";
import { readPromptSet } from "../../../targets/prompt-sets/prompt-set.ts";
import { runPromptsWrite } from "./run.ts";
import { PromptsWriteSettings } from "./settings.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-write-"));
afterAll(() => rmSync(folder, { recursive: true }));
let out: string;
let files = 0;

/** What the endpoint was asked. */
interface Asked {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: { readonly messages: readonly { readonly role: string; readonly content: string }[]; readonly [key: string]: unknown };
}
let asked: Asked[] = [];
/** How the endpoint answers, request by request; the last answer is repeated. */
let answers: ((response: ServerResponse) => void)[] = [];
const server = createServer((request, response) => {
  let text = "";
  request.on("data", (part) => (text += part));
  request.on("end", () => {
    asked.push({ url: request.url!, headers: request.headers, body: JSON.parse(text) });
    answers[Math.min(asked.length, answers.length) - 1]!(response);
  });
});
let baseUrl: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
  out = join(folder, `${files++}.json`);
  vi.stubEnv("OPENAI_API_KEY", "sk-secret-of-the-user");
});
afterEach(() => vi.unstubAllEnvs());

const sent =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (response: ServerResponse) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
const says = (content: string) => sent(200, { choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }] });
const sentences = (...all: string[]) => says(JSON.stringify({ sentences: all }));
const refused = (status: number, message: string, headers = {}) => sent(status, { error: { message } }, headers);

const settingsOf = (given: object = {}) =>
  PromptsWriteSettings.parse({ target: "liver tumor", modality: "CT", count: 2, baseUrl, model: "small", out, retries: 0, ...given });
const now = new Date("2026-01-02T03:04:05Z");
const run = (given: object = {}, signal?: AbortSignal) => collect(runPromptsWrite(settingsOf(given), { now, ...(signal && { signal }) }));
const failure = async (given: object = {}): Promise<Error> => {
  const error = await run(given).catch((one: Error) => one);
  expect(error).toBeInstanceOf(Error);
  expect((error as Error).message).not.toContain("sk-");
  expect(existsSync(out)).toBe(false);
  return error as Error;
};

test("the sentences are stored with how they were made, as a prompt set, and the key is not among it", async () => {
  answers = [sentences("a dark mass in CT", "a CT of a tumor")];
  const events = await run();
  expect(events).toContainEqual({
    type: "note",
    message: expect.stringMatching(/^sent to 127\.0\.0\.1:\d+: .*no images, no names of files/),
  });
  const text = readFileSync(out, "utf8");
  expect(text).not.toContain("sk-");
  const { made, ...content } = JSON.parse(text);
  expect(content).toEqual({
    title: "liver tumor in CT",
    modality: "CT",
    target: "liver tumor",
    sets: { P0: "liver tumor", P2: ["a dark mass in CT", "a CT of a tumor"] },
  });
  expect(made).toMatchObject({ model: "small", endpoint: new URL(baseUrl).host, temperature: 0.7, seed: 42, date: now.toISOString() });
  expect((await readPromptSet(`${out}#P4`)).sentences).toHaveLength(2);
  const [{ url, headers, body }] = asked as [Asked];
  expect(url).toBe("/v1/chat/completions");
  expect(headers.authorization).toBe("Bearer sk-secret-of-the-user");
  expect(made.requests).toEqual([body.messages[0]!.content]);
  expect(body).toMatchObject({ model: "small", temperature: 0.7, seed: 42, response_format: { type: "json_schema" } });
});

test("classes have a request each, and become the sets P1 and P3", async () => {
  answers = [sentences("a", "b"), sentences("c", "d"), sentences("e", "f")];
  await run({ class: ["benign", "malignant"], schema: false });
  expect(JSON.parse(readFileSync(out, "utf8")).sets).toEqual({
    P0: "liver tumor",
    P1: { benign: "benign liver tumor", malignant: "malignant liver tumor" },
    P2: ["a", "b"],
    P3: { benign: ["c", "d"], malignant: ["e", "f"] },
  });
  expect(asked).toHaveLength(3);
  expect(asked[0]!.body).not.toHaveProperty("response_format");
});

test("answers are kept when a later request fails, and the same command asks for the others alone", async () => {
  const given = { class: ["benign", "malignant"] };
  answers = [sentences("a", "b"), sentences("c", "d"), refused(503, "overloaded")];
  const events: RunEvent[] = [];
  await expect(
    (async () => {
      for await (const event of runPromptsWrite(settingsOf(given), { now })) events.push(event);
    })(),
  ).rejects.toThrow("failed (503)");
  expect(warningsOf(events)).toEqual([`2 answers of 3 are kept in ${out}.unfinished; the same command asks for the others alone`]);
  expect(existsSync(out)).toBe(false);

  await expect(run({ ...given, temperature: 0 })).rejects.toThrow("answers of an unfinished run with another temperature");
  asked = [];
  answers = [sentences("e", "f")];
  expect((await run(given)).at(-1)).toMatchObject({ done: 1, skipped: 2 });
  expect(asked.map(({ body }) => body.messages[0]!.content)).toEqual([expect.stringContaining("a malignant liver tumor")]);
  expect(JSON.parse(readFileSync(out, "utf8")).sets).toMatchObject({ P2: ["a", "b"], P3: { benign: ["c", "d"], malignant: ["e", "f"] } });
  expect(existsSync(`${out}.unfinished`)).toBe(false);
});

test("sentences that are there stay until all that replace them are", async () => {
  answers = [sentences("one", "two")];
  await run();
  const first = readFileSync(out, "utf8");
  const given = { class: ["benign"], overwrite: true };
  answers = [sentences("one", "two"), sentences("a", "b"), refused(500, "broken")];
  await expect(run(given)).rejects.toThrow("failed (500)");
  expect(readFileSync(out, "utf8")).toBe(first);
  answers = [sentences("c", "d")];
  expect((await run(given)).at(-1)).toMatchObject({ done: 1, skipped: 1 });
  expect(JSON.parse(readFileSync(out, "utf8")).sets).toMatchObject({ P2: ["a", "b"], P3: { benign: ["c", "d"] } });
  writeFileSync(`${out}.unfinished`, "{}");
  await expect(run({ class: ["malignant"] })).rejects.toThrow(ConfigError);
});

test("a class is given once", () => {
  expect(() => settingsOf({ class: ["benign", "malignant", "benign"] })).toThrow("expected each class once");
});

test("doubtful sentences are told, and kept", async () => {
  answers = [sentences("a mass in MRI", "a tumor")];
  expect(warningsOf(await run())).toEqual(['P2: MRI in an image of CT: "a mass in MRI"']);
});

test("a file with the same sentences is used again; others need overwrite", async () => {
  answers = [sentences("one", "two"), sentences("three", "four")];
  await run();
  const first = readFileSync(out, "utf8");
  expect((await run()).at(-1)).toMatchObject({ skipped: 1, failed: 0 });
  await expect(run({ temperature: 0 })).rejects.toThrow("written on 2026-01-02T03:04:05.000Z with another temperature");
  expect(readFileSync(out, "utf8")).toBe(first);
  expect(asked).toHaveLength(1);
  await run({ overwrite: true });
  expect(readFileSync(out, "utf8")).toContain("three");
  writeFileSync(out, '{"*": "my own prompts"}');
  await expect(run()).rejects.toThrow("was not written by this command");
});

test("a dry run shows what would be sent, and sends nothing", async () => {
  answers = [sentences("one", "two")];
  const end = (await run({ dryRun: true })).at(-1);
  expect(end).toMatchObject({ lines: expect.arrayContaining([expect.stringContaining("Write 2 different sentences")]) });
  expect(asked).toHaveLength(0);
  expect(existsSync(out)).toBe(false);
});

test("an answer that cannot be used is sent back once, with what is wrong", async () => {
  answers = [says("Here are two sentences."), sentences("one", "two")];
  await run();
  expect(asked[1]!.body.messages.map(({ role }) => role)).toEqual(["user", "assistant", "user"]);
  expect(asked[1]!.body.messages[2]!.content).toContain("it is not JSON");
});

test("a second such answer is an error that shows it", async () => {
  answers = [says("no"), says('{"sentences": ["only one"]}')];
  const error = await failure();
  expect(error).toBeInstanceOf(InputError);
  expect(error.message).toContain("gave no usable answer, twice; of the second it has 1 different sentences, expected 2");
  expect(error.message).toContain("only one");
  expect(asked).toHaveLength(2);
});

test("a busy endpoint is asked again after the time that it names", async () => {
  answers = [refused(429, "slow down", { "retry-after": "0" }), sentences("one", "two")];
  await run({ retries: 1 });
  expect(asked).toHaveLength(2);
});

test("one that stays busy is an error with the time to wait", async () => {
  answers = [refused(429, "slow down", { "retry-after": "7" })];
  const error = await failure();
  expect(error.message).toContain("limits the number of requests (429), asked once; it asks to wait 7 s");
});

test("a refused key is an error that names the variable, and not the key", async () => {
  answers = [refused(401, "Incorrect API key provided: sk-secret")];
  const error = await failure();
  expect(error).toBeInstanceOf(ConfigError);
  expect(error.message).toContain("refuses the key (401). Set the environment variable OPENAI_API_KEY");
});

const key = 'sk-"secret"/of+the-user';

test.each([
  ...[400, 404, 422, 500].map((status) => refused(status, `bad request with Bearer ${key}`)),
  refused(429, "slow down", { "retry-after": key }),
  sent(500, key, { "content-type": "text/plain" }),
  sent(400, { detail: { key, address: `?key=${encodeURIComponent(key)}` } }),
  sent(200, `"${key}`),
  sent(200, { key }),
  says(key),
  says(JSON.stringify({ sentences: [key] })),
])("an endpoint that repeats the key does not bring it into an error: %#", async (answer) => {
  vi.stubEnv("OPENAI_API_KEY", key);
  answers = [answer];
  const error = await failure();
  expect(error).toBeInstanceOf(MedclipSamError);
  // As a program prints an error with its cause, and as a log stores it.
  const told = inspect(error, { depth: 9, showHidden: true });
  expect(told).not.toContain("sk-");
  expect(asked[0]!.headers.authorization).toBe(`Bearer ${key}`);
});

test("nor into the file", async () => {
  answers = [sentences("sk-secret-of-the-user shows a mass", "two")];
  await run();
  expect(readFileSync(out, "utf8")).not.toContain("sk-secret");
});

test.each(["sk-secret\n", "sk-a sk-b", "sk-\u{1f600}", "\r"])("a key that cannot be sent is refused: %j", async (wrong) => {
  vi.stubEnv("OPENAI_API_KEY", wrong);
  const error = await failure();
  expect(error).toBeInstanceOf(ConfigError);
  expect(error.message).toContain("OPENAI_API_KEY holds a line break, a space");
  expect(asked).toHaveLength(0);
});

test("control characters of an endpoint's message do not reach the terminal", async () => {
  answers = [refused(400, "\u001b[31mred\u0000")];
  expect((await failure()).message).not.toMatch(/\p{Cc}/u);
});

test.each([
  [refused(404, "no model small"), ConfigError, "knows no such address or model (404)"],
  [refused(400, "unknown response_format"), ConfigError, "If it does not know response_format, pass --no-schema"],
  [refused(503, "overloaded"), InputError, "failed (503), asked once"],
  [sent(200, "<html>", { "content-type": "text/html" }), InputError, 'something else than a chat completion: "<html>"'],
  [sent(200, "{not JSON"), InputError, "something else than JSON"],
  [sent(200, "null"), InputError, 'something else than a chat completion: "null"'],
  [sent(200, { choices: [] }), InputError, "something else than a chat completion"],
  [sent(200, { choices: [{ message: { content: { sentences: [] } } }] }), InputError, "something else than a chat completion"],
])("an endpoint that answers otherwise: %#", async (answer, kind, message) => {
  answers = [answer];
  const error = await failure();
  expect(error).toBeInstanceOf(kind);
  expect(error.message).toContain(message);
});

test("an endpoint that does not answer in time", async () => {
  answers = [() => {}];
  const error = await failure({ timeout: 0.05, retries: 1 });
  expect(error.message).toContain("did not answer within 0.05 s, asked 2 times");
  expect(asked).toHaveLength(2);
});

test("an address where nobody listens; its user and password are not told", async () => {
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  expect((await failure({ baseUrl: `http://127.0.0.1:${port}/v1` })).message).toContain(
    `127.0.0.1:${port} cannot be reached (ECONNREFUSED)`,
  );
  expect((await failure({ baseUrl: `http://user:sk-pass@127.0.0.1:${port}/v1` })).message).toContain("cannot be reached");
});

test("a cancelled run ends while it waits", async () => {
  const controller = new AbortController();
  answers = [() => controller.abort()];
  await expect(run({}, controller.signal)).rejects.toThrow(CancelledError);
});

test("what to describe is given in one way", () => {
  expect(() => settingsOf({ target: undefined })).toThrow("say what to describe");
  expect(() => settingsOf({ task: "brain-mri" })).toThrow("say what to describe");
  expect(() => settingsOf({ baseUrl: "ftp://host" })).toThrow();
  expect(settingsOf({ task: "brain-mri", target: undefined, modality: undefined })).toMatchObject({ task: "brain-mri" });
});
