import type OpenAI from "openai";
import { z } from "zod";
import { CancelledError, ConfigError, InputError, throwIfCancelled } from "../../../errors.ts";
import { answerSchema, readAnswer } from "./request.ts";

/** Where and how a language model is asked. */
export interface LanguageModelSettings {
  readonly baseUrl: string;
  readonly model: string;
  readonly temperature: number;
  readonly seed: number;
  /** Whether the endpoint is asked for JSON of a schema. */
  readonly schema: boolean;
  /** Seconds. */
  readonly timeout: number;
  readonly retries: number;
}

/** Characters of an answer that an error shows. */
const shown = 400;

/** The part of a chat completion that is read. */
const Completion = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string().nullish() }) })).min(1),
});

/** A key of fewer characters is a placeholder such as "none": an answer may hold it as a word. */
const shortestSecret = 8;

/** A language model behind an endpoint with OpenAI's interface. */
export class LanguageModel {
  private readonly settings: LanguageModelSettings;
  private readonly client: OpenAI;
  private readonly errors: typeof OpenAI;
  private readonly key: string;

  private constructor(settings: LanguageModelSettings, client: OpenAI, errors: typeof OpenAI, key: string) {
    this.settings = settings;
    this.client = client;
    this.errors = errors;
    this.key = key;
  }

  /**
   * @param key - of the endpoint; many of one's own machine need none
   * @throws ConfigError when the key has signs that no header of a request can hold
   */
  static async open(settings: LanguageModelSettings, key = ""): Promise<LanguageModel> {
    if (!/^[\x21-\x7e]*$/.test(key))
      throw new ConfigError(
        "The environment variable OPENAI_API_KEY holds a line break, a space or a sign outside ASCII, so it cannot be sent. Set it to the key alone.",
      );
    const { OpenAI } = await import("openai");
    const client = new OpenAI({
      apiKey: key || "none",
      baseURL: settings.baseUrl,
      timeout: settings.timeout * 1000,
      maxRetries: settings.retries,
      organization: null,
      project: null,
      logLevel: "off",
    });
    return new LanguageModel(settings, client, OpenAI, key);
  }

  /**
   * Asks for a list of sentences. An answer that cannot be used is sent back once, with what is wrong.
   *
   * @throws InputError when the endpoint cannot be reached, does not answer in time, or answers with something else (sentences that cannot be used:
   * twice); ConfigError when it refuses the key, the model or the request
   */
  async sentences(request: string, count: number, signal?: AbortSignal): Promise<readonly string[]> {
    const first = await this.ask([{ role: "user", content: request }], signal);
    const read = readAnswer(first, count);
    if ("sentences" in read) return read.sentences;
    const again = `Your answer cannot be used: ${read.problem}. Answer with JSON alone: {"sentences": ["...", "..."]}, with ${count} different sentences.`;
    const second = await this.ask(
      [
        { role: "user", content: request },
        { role: "assistant", content: first },
        { role: "user", content: again },
      ],
      signal,
    );
    const repeated = readAnswer(second, count);
    if ("sentences" in repeated) return repeated.sentences;
    throw new InputError(
      this.hidden(
        `${this.name} gave no usable answer, twice; of the second ${repeated.problem}. It was: ${excerpt(second)}. Try another --model, or a smaller --count.`,
      ),
    );
  }

  /** The text that the language model answers. */
  private async ask(messages: OpenAI.ChatCompletionMessageParam[], signal: AbortSignal | undefined): Promise<string> {
    const { model, temperature, seed, schema } = this.settings;
    throwIfCancelled(signal);
    const request = {
      ...{ model, temperature, seed, messages },
      ...(schema && {
        response_format: { type: "json_schema" as const, json_schema: { name: "sentences", strict: true, schema: answerSchema } },
      }),
    };
    const answer: unknown = await this.client.chat.completions.create(request, { signal: signal ?? null }).catch((error: unknown) => {
      throw this.errorOf(error);
    });
    const { data } = Completion.safeParse(answer);
    if (data) {
      const content = data.choices[0]!.message.content ?? "";
      return this.key.length < shortestSecret ? content : this.withoutKey(content);
    }
    const got = excerpt(this.hidden(typeof answer === "string" ? answer : JSON.stringify(answer)));
    throw new InputError(`${this.host} answered with something else than a chat completion: ${got}. ${this.isItOne}`);
  }

  private get host(): string {
    return hostOf(this.settings.baseUrl);
  }

  private get isItOne(): string {
    return this.hidden(`Is --base-url ${withoutSecrets(this.settings.baseUrl)} an endpoint with OpenAI's interface?`);
  }

  /** A text without the key, be it as it is, in JSON or in an address. */
  private withoutKey(text: string): string {
    const { key } = this;
    if (key === "") return text;
    const forms = new Set([key, JSON.stringify(key).slice(1, -1), encodeURIComponent(key)]);
    return [...forms].reduce((rest, form) => rest.replaceAll(form, "[key]"), text);
  }

  /** A message with words of the endpoint, which may repeat the key, and hold control characters that a terminal would obey. */
  private hidden(message: string): string {
    return this.withoutKey(message).replace(/\p{Cc}+/gu, " ");
  }

  private get name(): string {
    return `"${this.settings.model}" at ${hostOf(this.settings.baseUrl)}`;
  }

  /**
   * What a user can do about an error. The key is removed from all that the endpoint says. Its words about the key, and its text that is no JSON, are
   * left out: they may hold a part of the key.
   */
  private errorOf(error: unknown): Error {
    const { APIConnectionTimeoutError, APIConnectionError, APIUserAbortError, APIError } = this.errors;
    const { retries, timeout, baseUrl, model, schema } = this.settings;
    const { host } = this;
    const tries = retries === 0 ? "once" : `${retries + 1} times`;
    const plain = this.plain(error);
    const input = (message: string) => new InputError(this.hidden(message), { cause: plain });
    const config = (message: string) => new ConfigError(this.hidden(message), { cause: plain });
    if (error instanceof APIUserAbortError) return new CancelledError(undefined, { cause: plain });
    if (error instanceof APIConnectionTimeoutError)
      return input(`${host} did not answer within ${timeout} s, asked ${tries}. Allow more with --timeout, or ask for less with --count.`);
    if (error instanceof APIConnectionError)
      return input(
        `${host} cannot be reached (${causeOf(error)}), tried ${tries}. Is --base-url ${withoutSecrets(baseUrl)} right, and the server running?`,
      );
    if (!(error instanceof APIError) || error.status === undefined)
      return error instanceof SyntaxError ? input(`${host} answered with something else than JSON. ${this.isItOne}`) : plain;
    const { status, message } = error;
    if (status === 401 || status === 403)
      return config(`${host} refuses the key (${status}). Set the environment variable OPENAI_API_KEY to a key for this address.`);
    if (status === 404)
      return config(`${host} knows no such address or model (404): --base-url ${withoutSecrets(baseUrl)}, --model ${model}. ${message}`);
    if (status === 429)
      return input(
        `${host} limits the number of requests (429), asked ${tries}${waitOf(error)}. Wait and run the same command again, or raise --retries.`,
      );
    if (status < 500)
      return config(
        `${host} refuses the request (${status}): ${message}${schema ? ". If it does not know response_format, pass --no-schema" : ""}.`,
      );
    return input(`${host} failed (${status}), asked ${tries}: ${message}`);
  }

  /** An error without the key; what the client throws may hold it in its message, and in the headers of a request. */
  private plain(error: unknown): Error {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    const plain = new Error(this.hidden(message));
    if (stack !== undefined) plain.stack = this.withoutKey(stack);
    return plain;
  }
}

/** Host and port of an address, without user, password or path. */
export const hostOf = (url: string): string => new URL(url).host;

/** An address without user, password and query, which may hold a key. */
function withoutSecrets(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** The system's word for why a connection failed: "ECONNREFUSED"; without one, the innermost message. */
function causeOf(error: Error): string {
  let { message } = error;
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (typeof code === "string" && code !== "") return code;
    if (!cause.message.includes("://")) message = cause.message; // an address may hold a password
  }
  return message;
}

/** How long the endpoint asks to wait, if it says so. */
function waitOf({ headers }: { readonly headers: Headers | undefined }): string {
  const wait = headers?.get("retry-after");
  return wait ? `; it asks to wait ${/^\d+$/.test(wait) ? `${wait} s` : `until ${wait}`}` : "";
}

/** The beginning of a text, in quotes. */
const excerpt = (text: string): string => `${JSON.stringify(text.slice(0, shown))}${text.length > shown ? "..." : ""}`;
