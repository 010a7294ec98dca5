import { accountRows } from "./account.ts";
import { hardwareRows } from "./hardware.ts";
import { siteRows } from "./site.ts";
import { vmRows } from "./vms.ts";

/** Every command. */
export const catalogue = [...vmRows, ...hardwareRows, ...siteRows, ...accountRows];
