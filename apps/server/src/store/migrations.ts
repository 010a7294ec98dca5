import { foundation } from "./migrations/0001Foundation.ts";
import { whoAndFromWhere } from "./migrations/0002WhoAndFromWhere.ts";
import { identity } from "./migrations/0003Identity.ts";
import { auditLog } from "./migrations/0004AuditLog.ts";
import { servers } from "./migrations/0005Servers.ts";
import { history } from "./migrations/0006History.ts";
import { access } from "./migrations/0007Access.ts";
import { sampleTiers } from "./migrations/0008SampleTiers.ts";
import { requestKeys } from "./migrations/0009RequestKeys.ts";
import { taskRetry } from "./migrations/0010TaskRetry.ts";
import { signInAttempts } from "./migrations/0011SignInAttempts.ts";
import { quickCompression } from "./migrations/0012QuickCompression.ts";
import { roomForUpdates } from "./migrations/0013RoomForUpdates.ts";

export interface Migration {
  /** 1, 2, 3, … without a gap. */
  readonly version: number;
  readonly name: string;
  /** Set where servers of the version before cannot run on the tables any more: everything else only adds. */
  readonly breaking?: true;
  /** Run in one transaction, with our schema first in the search path. */
  readonly sql: string;
}

/** Every migration in order. One that was released is never changed: add the next. */
export const migrations: readonly Migration[] = [
  foundation,
  whoAndFromWhere,
  identity,
  auditLog,
  servers,
  history,
  access,
  sampleTiers,
  requestKeys,
  taskRetry,
  signInAttempts,
  quickCompression,
  roomForUpdates,
];
