import { permissionNames, permissions, type Permission } from "@polyvisor/model";
import { Folders } from "../../access/folders.ts";
import { Grants } from "../../access/grants.ts";
import { Roles } from "../../access/roles.ts";
import type { Viewer } from "../../access/viewer.ts";
import type { Handlers, Services } from "../handler.ts";

type Mine =
  | "permissionList"
  | "permissionWhy"
  | "permissionEffective"
  | "roleList"
  | "roleCreate"
  | "roleChange"
  | "roleRemove"
  | "grantList"
  | "grantCreate"
  | "grantRemove"
  | "folderList"
  | "folderCreate"
  | "folderChange"
  | "folderRemove";

/** Roles, grants, folders, and why somebody may do something or not. */
export function permissionHandlers({ access, identity }: Services): Pick<Handlers, Mine> {
  const roles = new Roles(access);
  const grants = new Grants(access, identity);
  const folders = new Folders(access);

  /** Who is asked about: another account is a question for who gives permissions. */
  async function asked(viewer: Viewer, ref: string | undefined): Promise<Viewer> {
    const { caller } = viewer;
    if (ref === undefined || ref === caller.accountId || ref === caller.account) return viewer;
    viewer.must("role.administer");
    const account = await identity.accounts.find(ref);
    return access.viewer({ accountId: account.id, account: account.name, tokenId: "", use: "api", groups: [...new Set(account.groups.map(({ id }) => id))] });
  }
  const shown = (object: { kind: string; id: string; name: string } | undefined) => object && { kind: object.kind, id: object.id, name: object.name };

  return {
    permissionList: () => ({ items: permissionNames.map((name) => ({ name, ...permissions[name] })) }),
    async permissionWhy({ viewer, query }) {
      const of = await asked(viewer, query.account);
      const object = query.object === undefined ? undefined : grants.object(access.viewer(viewer.caller), query.object);
      const { permission } = query;
      const reasons = await grants.explained(of.verdict(permission, object && of.factsOf(object)).reasons);
      const allowed = of.may(permission, object);
      return {
        allowed,
        account: of.caller.account,
        permission,
        object: shown(object),
        reasons,
        sentences: sentencesOf(of, permission, allowed, object?.name, reasons),
      };
    },
    async permissionEffective({ viewer, query }) {
      const of = await asked(viewer, query.account);
      const object = query.object === undefined ? undefined : grants.object(access.viewer(viewer.caller), query.object);
      return { account: of.caller.account, object: shown(object), permissions: permissionNames.filter((permission) => of.may(permission, object)) };
    },
    roleList: () => ({ items: roles.list().map((role) => ({ ...role, permissions: [...role.permissions] })) }),
    roleCreate: async ({ viewer, body }) => plain(await roles.create(viewer, body)),
    roleChange: async ({ viewer, params, body, ifRevision }) => plain(await roles.change(viewer, params.id, body, ifRevision)),
    roleRemove: ({ params, ifRevision }) => roles.remove(params.id, ifRevision),
    grantList: async () => ({ items: await grants.list() }),
    grantCreate: ({ viewer, body }) => grants.create(viewer, body),
    grantRemove: ({ viewer, params }) => grants.remove(viewer, params.id),
    folderList: ({ viewer }) => ({ items: folders.list(viewer) }),
    folderCreate: ({ viewer, body }) => folders.create(viewer, body),
    folderChange: ({ viewer, params, body, ifRevision }) => folders.change(viewer, params.id, body, ifRevision),
    folderRemove: ({ viewer, params, ifRevision }) => folders.remove(viewer, params.id, ifRevision),
  };
}

const plain = <T extends { permissions: readonly Permission[] }>(role: T) => ({ ...role, permissions: [...role.permissions] });

type Reasons = Awaited<ReturnType<Grants["explained"]>>;

function sentencesOf(viewer: Viewer, permission: Permission, allowed: boolean, on: string | undefined, reasons: Reasons): string[] {
  const { caller } = viewer;
  const out = [`${caller.account} ${allowed ? "may" : "may not"} ${permissions[permission].means}${on === undefined ? "" : `: ${on}`}.`];
  if (caller.use === "local") out.push("This is the command line of the server's own machine, which may do everything.");
  if (!viewer.tokenMay(permission)) out.push("The token is narrowed and does not have it.");
  else if (viewer.isFiltered && !allowed) out.push("The token is narrowed to the objects that fit its filter.");
  if (reasons.length === 0 && caller.use !== "local") out.push("No grant gives it.");
  for (const { effect, role, subject, scope } of reasons)
    out.push(
      `${subject.kind === "group" ? `The group ${subject.name}` : subject.name} ${effect === "allow" ? "has" : "is denied"} the role ${role} ${whereOf(scope)}.`,
    );
  if (reasons.some(({ effect }) => effect === "deny") && reasons.some(({ effect }) => effect === "allow"))
    out.push("A denial wins over every grant that allows.");
  return out;
}

function whereOf(scope: Reasons[number]["scope"]): string {
  switch (scope.on) {
    case "site":
      return "on the site";
    case "folder":
      return `in the folder ${scope.path ?? scope.folder}`;
    case "tag":
      return `on what has the tag ${scope.tag}`;
    case "selector":
      return `on what fits "${scope.filter}"`;
    case "object":
      return `on ${scope.object}`;
  }
}
