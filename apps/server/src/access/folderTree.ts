import { PolyvisorError } from "@polyvisor/model";

/** A place of the site's own making for VMs, hosts and other folders. */
export interface Folder {
  id: string;
  /** Absent at the top. */
  parent?: string | undefined;
  name: string;
  revision: number;
}

/** Deeper than anybody sorts by hand; bounds every walk. */
export const deepestFolder = 32;

/** All folders, as they are now. */
export class FolderTree {
  readonly byId: ReadonlyMap<string, Folder>;
  readonly #below = new Map<string, Folder[]>();

  constructor(folders: readonly Folder[]) {
    this.byId = new Map(folders.map((folder) => [folder.id, folder]));
    for (const folder of folders) {
      const siblings = this.#below.get(folder.parent ?? "");
      if (siblings) siblings.push(folder);
      else this.#below.set(folder.parent ?? "", [folder]);
    }
  }

  /** The folder and all above it. Of one that is gone nothing is left. */
  chain(id: string | undefined): string[] {
    const out: string[] = [];
    for (let at = id; at !== undefined && out.length < deepestFolder; at = this.byId.get(at)?.parent) if (this.byId.has(at)) out.push(at);
    return out;
  }

  /** The folder and all below it. */
  within(id: string): string[] {
    const out = this.byId.has(id) ? [id] : [];
    for (let i = 0; i < out.length; i++) for (const { id: child } of this.#below.get(out[i]!) ?? []) out.push(child);
    return out;
  }

  below(id: string | undefined): readonly Folder[] {
    return this.#below.get(id ?? "") ?? [];
  }

  /** `/tenants/a`. */
  path(id: string): string {
    return this.chain(id)
      .map((each) => `/${this.byId.get(each)!.name}`)
      .reverse()
      .join("");
  }

  /** By id or path. */
  lookUp(ref: string): Folder | undefined {
    if (!ref.startsWith("/")) return this.byId.get(ref);
    let at: Folder | undefined;
    for (const name of ref.split("/").filter((each) => each !== "")) {
      at = this.below(at?.id).find((each) => each.name === name);
      if (!at) return undefined;
    }
    return at;
  }
}

/** The same whether it is not there or not to be seen. */
export const noFolder = (ref: string): PolyvisorError => new PolyvisorError("notFound", { detail: `there is no folder "${ref.slice(0, 200)}"` });
