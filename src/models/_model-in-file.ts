import { WeightsError } from "../errors.ts";
import type { Weights as WeightsContent } from "../tensor/open-weights.ts";
import type { StoredTensor } from "../tensor/stored-tensor.ts";
import { strangerOf } from "./_strangers.ts";
import type { NameScheme, WeightsFamily } from "./name-scheme.ts";

/** A model among the tensors of a file. */
export interface ModelInFile {
  readonly family: WeightsFamily;
  readonly scheme: NameScheme;
  /** Prefix of its tensor names. */
  readonly prefix: string;
  /** Its tensors by their names behind the prefix. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Notes on what was chosen. */
  readonly notes: readonly string[];
}

/** Where names of a scheme were found, and which of those that tell the model. */
interface Candidate {
  readonly family: WeightsFamily;
  readonly scheme: NameScheme;
  readonly prefix: string;
  /** Whole names of the markers. */
  readonly found: readonly string[];
}

/**
 * Finds a model by the names that only it has, whatever stands before them: `state_dict.module._orig_mod.visual.trunk.cls_token` gives
 * the prefix `state_dict.module._orig_mod.`. Of several families and places the one with most of these names holds the model. Where several
 * places hold as many, running averages of the weights (`ema`, `swa`, a teacher) are skipped in favour of the weights; otherwise the user must choose.
 *
 * @param under - the prefix, where the user has chosen one
 * @throws WeightsError when there is no model of these families, or several
 */
export function findModel(
  file: string,
  { tensors: stored, unread }: Pick<WeightsContent, "tensors" | "unread">,
  families: readonly WeightsFamily[],
  under?: string,
): ModelInFile {
  const all = withoutWrappers(stored);
  const candidates = families
    .flatMap((family) => candidatesIn(all, family))
    .filter(({ prefix }) => under === undefined || prefix === under);
  const most = Math.max(...candidates.map(({ found }) => found.length));
  const [first, ...others] = distinct(candidates.filter(({ found }) => found.length === most));
  if (!first) throw notFound(file, [...stored.keys()], unread, families, under);
  const averaged = [first, ...others].filter(({ prefix }) => isAveraged(prefix));
  const plain = [first, ...others].filter(({ prefix }) => !isAveraged(prefix));
  const [chosen, ...rest] = plain.length > 0 ? plain : averaged;
  if (rest.length > 0) {
    const found = [chosen!, ...rest];
    const places = found.map(({ prefix }) => `"${file}#${prefix || "."}"`);
    throw new WeightsError(
      `"${file}" holds ${places.length} ${titlesOf(found.map(({ family }) => family))} models. Choose one: ${places.join(" or ")}.`,
    );
  }
  const { family, scheme, prefix, found } = chosen!;
  // A wrapper around all of the model sets it apart, too: from the optimizer that lies beside it.
  const around = wholePrefix(found, prefix);
  const inside = candidates
    .filter((other) => other.prefix.length > prefix.length && other.prefix.startsWith(prefix))
    // A part of the model may look like another model; it has no names of its own.
    .filter((other) => other.found.some((name) => !found.includes(name)))
    .map((other) => other.prefix);
  const own = all.filter(
    ({ whole, name }) => whole.startsWith(around) && name.startsWith(prefix) && !inside.some((other) => name.startsWith(other)),
  );
  const passedOver = plain.length > 0 ? averaged : [];
  return {
    family,
    scheme,
    prefix,
    tensors: new Map(own.map(({ name, tensor }) => [name.slice(prefix.length), tensor])),
    notes: passedOver.map(
      (other) => `"${file}" also holds averaged weights, which are not used; to use them, give "${file}#${other.prefix}".`,
    ),
  };
}

/** A tensor by its name in the file and the one without wrappers. */
interface Named {
  readonly whole: string;
  readonly name: string;
  readonly tensor: StoredTensor;
}

/**
 * Names without the parts that wrappers put between others: those that begin with an underscore (`_orig_mod` of torch.compile,
 * `_fsdp_wrapped_module`), and `module` of data-parallel training. No model uses such names itself.
 */
function withoutWrappers(tensors: ReadonlyMap<string, StoredTensor>): Named[] {
  const all = [...tensors].map(([whole, tensor]) => {
    return { whole, name: whole.split(".").filter(isOwnPart).join("."), tensor };
  });
  // Wrapped and not, side by side: two models that the parts tell apart.
  const areApart = new Set(all.map(({ name }) => name)).size === all.length;
  return areApart ? all : all.map((named) => ({ ...named, name: named.whole }));
}

const isOwnPart = (part: string): boolean => part !== "module" && !part.startsWith("_");

const ended = (parts: readonly string[]): string => parts.map((part) => `${part}.`).join("");

/** The longest beginning that whole names have in common and that is the prefix but for wrappers. */
function wholePrefix([first, ...others]: readonly string[], prefix: string): string {
  const parts = first!.split(".");
  const isCommon = () => ended(parts.filter(isOwnPart)) === prefix && others.every((name) => name.startsWith(ended(parts)));
  while (parts.length > 0 && !isCommon()) parts.pop();
  return ended(parts);
}

function candidatesIn(all: readonly Named[], family: WeightsFamily): Candidate[] {
  const { schemes, markers } = family;
  return schemes.flatMap((scheme) => {
    const found = new Map<string, string[]>();
    for (const marker of markers) {
      const located = scheme.locate(marker);
      const name = typeof located === "string" ? located : located[0]!;
      for (const other of all) {
        if (other.name !== name && !other.name.endsWith(`.${name}`)) continue;
        const prefix = other.name.slice(0, other.name.length - name.length);
        found.set(prefix, [...(found.get(prefix) ?? []), other.whole]);
      }
    }
    return [...found].map(([prefix, names]) => ({ family, scheme, prefix, found: names }));
  });
}

/** One candidate for each prefix: families and schemes differ in names that all of them leave alone. */
function distinct(candidates: readonly Candidate[]): Candidate[] {
  return candidates.filter(({ prefix }, i) => candidates.findIndex((other) => other.prefix === prefix) === i);
}

function isAveraged(prefix: string): boolean {
  return /(^|[._])(ema|swa|avg|averaged?|shadow|momentum|teacher)\d*([._]|$)/i.test(prefix);
}

/** "A", "A or B". */
const titlesOf = (families: readonly WeightsFamily[]): string => [...new Set(families.map(({ title }) => title))].join(" or ");

function notFound(
  file: string,
  names: readonly string[],
  unread: ReadonlyMap<string, string>,
  families: readonly WeightsFamily[],
  under?: string,
): WeightsError {
  const firsts = families.flatMap(({ schemes, markers }) => schemes.map(({ locate }) => `"${locate(markers[0]!)}"`));
  const wanted = [...new Set(firsts)].join(" or ");
  const [first] = names;
  const stranger = strangerOf(names);
  const [object] = unread;
  return new WeightsError(
    `"${file}" is not a ${titlesOf(families)} checkpoint: none of its ${names.length} tensors is called ${wanted}${under === undefined ? "" : ` behind "${under}"`}` +
      (first === undefined ? "." : `; the first one is "${first}".`) +
      (stranger ? ` It looks like ${stranger}` : "") +
      (object
        ? ` It has an object of the class "${object[1]}" at "${object[0]}", which is not read: only dictionaries of tensors are.`
        : ""),
  );
}
