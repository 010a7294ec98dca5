import { failureSchema } from "@polyvisor/model";
import { z } from "zod";
import { accountsContracts } from "./contracts/accounts.ts";
import { filterContracts } from "./contracts/filter.ts";
import { hostsContracts } from "./contracts/hosts.ts";
import { identityContracts } from "./contracts/identity.ts";
import { identityProviderContracts } from "./contracts/identityProviders.ts";
import { auditContracts } from "./contracts/audit.ts";
import { operationContracts } from "./contracts/operation.ts";
import { historyContracts } from "./contracts/history.ts";
import type { Contract } from "./contracts/parts.ts";
import { permissionContracts } from "./contracts/permissions.ts";
import { placesContracts } from "./contracts/places.ts";
import { signInContracts } from "./contracts/signIn.ts";
import { serversContracts } from "./contracts/servers.ts";
import { siteContracts } from "./contracts/site.ts";
import { tasksContracts } from "./contracts/tasks.ts";
import { vmsContracts } from "./contracts/vms.ts";
import type { RouteName } from "./routePaths.ts";

export type { Difference, HistoryChange, HistoryRetention, PastEvent } from "./contracts/history.ts";
export { passPhraseSchema, tokenScopeSchema } from "./contracts/identity.ts";
export { logLevelNames } from "./contracts/operation.ts";
export { pageQuerySchema, type Contract } from "./contracts/parts.ts";

/** Every route's contract. The server registers by it, OpenAPI is made of it, a test walks it. */
export const contracts = {
  ...siteContracts,
  ...serversContracts,
  ...identityContracts,
  ...signInContracts,
  ...accountsContracts,
  ...identityProviderContracts,
  ...permissionContracts,
  ...hostsContracts,
  ...vmsContracts,
  ...placesContracts,
  ...tasksContracts,
  ...historyContracts,
  ...auditContracts,
  ...filterContracts,
  ...operationContracts,
} as const satisfies Record<RouteName, Contract>;

export type Contracts = typeof contracts;

/** RFC 9457 problem details, as every error is answered. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: failureSchema.shape.code,
  remedy: z.string(),
  where: z.string().optional(),
  /** SSH key that a host showed and nobody confirmed yet. */
  fingerprint: z.string().optional(),
  /** Found again in the server's log. */
  requestId: z.string().optional(),
});
export type Problem = z.infer<typeof problemSchema>;
