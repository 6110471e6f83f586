/** The kinds of models that the pipeline uses. */
export const modelKinds = ["clip", "sam"] as const;
export type ModelKind = (typeof modelKinds)[number];

/** A published model that has a short name. */
export interface PublishedModel {
  readonly kind: ModelKind;
  /** Its repository on the Hugging Face hub; absent where the weights are published elsewhere. */
  readonly repository?: string;
  /** The page that offers weights which are not on the hub. */
  readonly page?: string;
  readonly title: string;
  /** Number of parameters in words. */
  readonly parameters?: string;
  readonly licence: string;
  /** What its authors made it for, in a sentence. */
  readonly use: string;
}

const ofSam = { licence: "Apache-2.0", use: "segmentation of photographs from points and boxes; not trained on medical images" } as const;

const ofOpenAi = {
  licence: "none stated for the weights; the code at github.com/openai/CLIP is MIT",
  use: "research on images and text; its card calls any deployed use out of scope; not trained for medical images",
} as const;

/**
 * Published models by short name. Which files a repository has is found out when it is downloaded, and so are their sizes and hashes: none of
 * them is written here.
 *
 * @see the model cards of the repositories; the README files of facebookresearch/segment-anything, OpenGVLab/SAM-Med2D and openai/CLIP
 */
export const publishedModels: Readonly<Record<string, PublishedModel>> = {
  biomedclip: {
    kind: "clip",
    repository: "microsoft/BiomedCLIP-PubMedBERT_256-vit_base_patch16_224",
    title: "BiomedCLIP: ViT-B/16 and PubMedBERT",
    parameters: "196 M",
    licence: "MIT",
    use: "research on medical images and text, and reproducing its paper; its card calls any deployed use out of scope",
  },
  "clip-vit-b-16": { kind: "clip", repository: "openai/clip-vit-base-patch16", title: "CLIP ViT-B/16", parameters: "150 M", ...ofOpenAi },
  "clip-vit-b-32": { kind: "clip", repository: "openai/clip-vit-base-patch32", title: "CLIP ViT-B/32", parameters: "151 M", ...ofOpenAi },
  "clip-vit-l-14": { kind: "clip", repository: "openai/clip-vit-large-patch14", title: "CLIP ViT-L/14", parameters: "428 M", ...ofOpenAi },
  "medclip-samv2": {
    kind: "clip",
    page: "https://github.com/HealthX-Lab/MedCLIP-SAMv2",
    title: "BiomedCLIP fine-tuned with DHN-NCE by the authors of MedCLIP-SAMv2",
    parameters: "196 M",
    licence: "see its page",
    use: "research: the text-driven segmentation of its paper",
  },
  "sam-vit-b": { kind: "sam", repository: "facebook/sam-vit-base", title: "SAM ViT-B", parameters: "94 M", ...ofSam },
  "sam-vit-l": { kind: "sam", repository: "facebook/sam-vit-large", title: "SAM ViT-L", parameters: "312 M", ...ofSam },
  "sam-vit-h": { kind: "sam", repository: "facebook/sam-vit-huge", title: "SAM ViT-H", parameters: "641 M", ...ofSam },
  medsam: {
    kind: "sam",
    repository: "wanglab/medsam-vit-base",
    title: "MedSAM: SAM ViT-B fine-tuned on medical images",
    parameters: "94 M",
    licence: "Apache-2.0",
    use: "research: segmentation of medical images from a box around the target",
  },
  "sam-med2d": {
    kind: "sam",
    page: "https://github.com/OpenGVLab/SAM-Med2D",
    title: "SAM-Med2D: SAM ViT-B with adapters, for images of 256 px",
    licence: "Apache-2.0",
    use: "research: segmentation of medical images from points and boxes",
  },
};

/** The entry of a short name; undefined for other texts. */
export function publishedModel(name: string): PublishedModel | undefined {
  return Object.hasOwn(publishedModels, name) ? publishedModels[name] : undefined;
}

/** A model on the hub, at a revision. */
export interface ModelAddress {
  /** As the user named it. */
  readonly name: string;
  readonly repository: string;
  readonly revision: string;
  /** Its entry; absent for other repositories. */
  readonly published?: PublishedModel;
}

/** `owner/repository`: two names of letters, digits, `-`, `_` and `.`, as the hub allows them. */
const repositoryName = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/;

/** Whether a text may be the name of a repository on the hub, and so part of a path and an address. */
export function isRepository(text: string): boolean {
  return repositoryName.test(text) && !text.includes("..") && !text.includes("--") && text.length <= 96;
}

/** Whether a text may be a branch, a tag or a commit, and so part of a path and an address. */
export function isRevision(text: string): boolean {
  return /^[\w.-]+(\/[\w.-]+)*$/.test(text) && !text.split("/").some((part) => part.startsWith(".")) && text.length <= 200;
}

/** The commits of the hub: 40 hexadecimal digits. */
export const commitPattern = /^[0-9a-f]{40}$/;

/**
 * What a name stands for: a short name or `owner/repository`, each also with `@` and a revision; undefined for other texts, and for models that
 * are not on the hub.
 */
export function addressOf(name: string): ModelAddress | undefined {
  const [model, revision = "main"] = name.split(/@(.*)/s);
  const published = publishedModel(model!);
  const repository = published ? published.repository : model!;
  if (repository === undefined || !isRepository(repository) || !isRevision(revision)) return undefined;
  return { name, repository, revision, ...(published && { published }) };
}
