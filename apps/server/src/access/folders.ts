import { PolyvisorError } from "@polyvisor/model";
import { conferred } from "@polyvisor/policy";
import type pg from "pg";
import { wantPresent } from "../identity/rows.ts";
import { randomId } from "../identity/secretText.ts";
import type { Access } from "./access.ts";
import { deepestFolder, noFolder, type Folder, type FolderTree } from "./folderTree.ts";
import { inFolder, type Viewer } from "./viewer.ts";

/** A folder as it is shown. */
export interface ShownFolder extends Folder {
  path: string;
}

const most = 10_000;

/** Folders: who sees, makes, moves and deletes them. */
export class Folders {
  readonly #access: Access;
  /** The last change that was begun here. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(access: Access) {
    this.#access = access;
  }

  get #tree(): FolderTree {
    return this.#access.rights.folders;
  }

  shown(folder: Folder): ShownFolder {
    return { ...folder, path: this.#tree.path(folder.id) };
  }

  /**
   * Those in which the caller has some right by a grant that names them or one above, and those above them; by path.
   * What is in them does not count, so that an empty and a hidden one look the same.
   */
  list(viewer: Viewer): ShownFolder[] {
    const out = new Set<string>();
    for (const folder of this.#tree.byId.values()) if (this.#holds(viewer, folder)) for (const id of this.#tree.chain(folder.id)) out.add(id);
    const shown = [...out].map((id) => this.shown(this.#tree.byId.get(id)!));
    return shown.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** By id or path, if the caller sees it. @throws PolyvisorError `notFound` */
  find(viewer: Viewer, ref: string): Folder {
    const folder = this.#tree.lookUp(ref);
    if (!folder || !this.#tree.within(folder.id).some((id) => this.#holds(viewer, this.#tree.byId.get(id)!))) throw noFolder(ref);
    return folder;
  }

  /** @throws PolyvisorError `forbidden`, `notFound`, `nameTaken` */
  async create(viewer: Viewer, wish: { name: string; parent?: string | undefined }): Promise<ShownFolder> {
    const parent = wish.parent === undefined ? undefined : this.find(viewer, wish.parent);
    this.#must(viewer, parent?.id);
    const id = randomId("f");
    await this.#write(async (client, tree) => {
      if (tree.byId.size >= most) throw new PolyvisorError("tooLarge", { detail: `a site has at most ${most} folders` });
      if (tree.chain(parent?.id).length + 1 >= deepestFolder) throw new PolyvisorError("badRequest", { detail: `folders are at most ${deepestFolder} deep` });
      taken(tree, parent?.id, wish.name);
      await client.query("insert into folder (id, parent_id, name) values ($1, $2, $3)", [id, parent?.id ?? null, wish.name]);
    });
    return this.shown(this.#tree.byId.get(id)!);
  }

  /** Renames or moves it. Whoever gains by the move gains nothing that the caller does not have himself. */
  async change(
    viewer: Viewer,
    ref: string,
    patch: { name?: string | undefined; parent?: string | null | undefined },
    ifRevision?: number,
  ): Promise<ShownFolder> {
    const folder = this.find(viewer, ref);
    this.#must(viewer, folder.id);
    const parent = patch.parent === undefined ? folder.parent : patch.parent === null ? undefined : this.find(viewer, patch.parent).id;
    if (parent !== folder.parent) {
      this.#must(viewer, folder.parent);
      this.#must(viewer, parent);
      const before = inFolder(this.#access.rights, folder.id);
      const after = { ...inFolder(this.#access.rights, parent), folders: [folder.id, ...this.#tree.chain(parent)] };
      const { grants, roles } = this.#access.rights;
      const lacking = conferred(before, after, grants, roles).find((each) => !viewer.mayOn(each, before));
      if (lacking !== undefined)
        throw new PolyvisorError("forbidden", {
          detail: `the move would give rights on what is in the folder that you do not have there yourself, such as ${lacking}`,
        });
    }
    const name = patch.name ?? folder.name;
    await this.#write(async (client, tree) => {
      const present = tree.byId.get(folder.id);
      if (!present) throw noFolder(ref);
      wantPresent("the folder", present.revision, ifRevision);
      if (parent !== undefined && tree.chain(parent).includes(folder.id))
        throw new PolyvisorError("conflict", { detail: "a folder cannot be moved into itself" });
      const depth = Math.max(...tree.within(folder.id).map((id) => tree.chain(id).length)) - tree.chain(folder.id).length + 1;
      if (tree.chain(parent).length + depth >= deepestFolder) throw new PolyvisorError("badRequest", { detail: `folders are at most ${deepestFolder} deep` });
      if (name !== folder.name || parent !== folder.parent) taken(tree, parent, name);
      await client.query("update folder set parent_id = $2, name = $3, revision = revision + 1 where id = $1", [folder.id, parent ?? null, name]);
    });
    return this.shown(this.#tree.byId.get(folder.id)!);
  }

  /** Deletes an empty one. @throws PolyvisorError `conflict`, `changedMeanwhile` */
  async remove(viewer: Viewer, ref: string, ifRevision?: number): Promise<void> {
    const folder = this.find(viewer, ref);
    this.#must(viewer, folder.id);
    const { tables } = this.#access.estate;
    const held = tables.vm.indexes["folder"]!.count(folder.id) + tables.host.indexes["folder"]!.count(folder.id);
    if (held > 0) throw new PolyvisorError("conflict", { detail: "the folder is not empty", remedy: "Move what is in it elsewhere first." });
    await this.#write(async (client, tree) => {
      const present = tree.byId.get(folder.id);
      if (!present) throw noFolder(ref);
      wantPresent("the folder", present.revision, ifRevision);
      if (tree.below(folder.id).length > 0) throw new PolyvisorError("conflict", { detail: "there are folders in it", remedy: "Delete or move them first." });
      if (this.#access.rights.grants.some(({ scope }) => scope.on === "folder" && scope.folder === folder.id))
        throw new PolyvisorError("conflict", { detail: "grants hold in it", remedy: "Take them back first: polyvisor permission list." });
      await client.query("delete from folder where id = $1", [folder.id]);
    });
  }

  #holds(viewer: Viewer, folder: Folder): boolean {
    const facts = inFolder(this.#access.rights, folder.id);
    return (["vm.view", "host.view", "folder.administer"] as const).some((permission) => viewer.mayOn(permission, facts));
  }

  #must(viewer: Viewer, folder: string | undefined): void {
    if (!viewer.mayOn("folder.administer", inFolder(this.#access.rights, folder)))
      throw viewer.lacks("folder.administer", folder === undefined ? "the top" : this.#tree.path(folder));
  }

  /**
   * One change of the tree at a time, upon the tree as it is. Those of this server wait here and not at the table: each
   * would hold one of the few connections, and none would be left to read the tree by.
   */
  #write(change: (client: pg.ClientBase, tree: FolderTree) => Promise<void>): Promise<void> {
    const turn = this.#last.then(() => this.#writeNow(change));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #writeNow(change: (client: pg.ClientBase, tree: FolderTree) => Promise<void>): Promise<void> {
    const client = await this.#access.store.pool.connect();
    let broken = true;
    try {
      await client.query("begin; lock table folder in exclusive mode");
      await this.#access.reread();
      await change(client, this.#tree);
      await client.query("commit");
      broken = false;
    } catch (error) {
      await client.query("rollback").then(
        () => (broken = false),
        () => undefined,
      );
      throw error;
    } finally {
      client.release(broken);
    }
    await this.#access.changed();
  }
}

/** Names are told: who may make folders in a place may know what is taken there. */
function taken(tree: FolderTree, parent: string | undefined, name: string): void {
  if (tree.below(parent).some((each) => each.name === name)) throw new PolyvisorError("nameTaken", { detail: `there is a folder "${name}" already` });
}
