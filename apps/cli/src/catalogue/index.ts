import { accountRows } from "./account.ts";
import { consoleRows } from "./consoles.ts";
import { hardwareRows } from "./hardware.ts";
import { historyRows } from "./history.ts";
import { identityRows } from "./identity.ts";
import { lifecycleRows } from "./lifecycle.ts";
import { operationRows } from "./operation.ts";
import { permissionRows } from "./permissions.ts";
import { siteRows } from "./site.ts";
import { vmRows } from "./vms.ts";

/** Every command. */
export const catalogue = [
  ...vmRows,
  ...lifecycleRows,
  ...consoleRows,
  ...hardwareRows,
  ...siteRows,
  ...historyRows,
  ...operationRows,
  ...accountRows,
  ...identityRows,
  ...permissionRows,
];
