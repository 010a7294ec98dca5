import type { Logger } from "pino";
import type { Store } from "../store/openStore.ts";
import type { Journal } from "./journal.ts";
import { eventChannel } from "./writeBatch.ts";

/** Told by NOTIFY at once; this is for a notice that was lost with its connection. */
const lookEveryMs = 2_000;

export interface FollowerOptions {
  store: Pick<Store, "listen">;
  journal: Pick<Journal, "catchUp">;
  serverId: string;
  log: Logger;
}

/** Keeps a server current that has nothing to write itself: what others write is here moments later. */
export async function follow({ store, journal, serverId, log }: FollowerOptions): Promise<{ close(): Promise<void> }> {
  let reading = false;
  let again = false;
  let closed = false;
  const read = (): void => {
    if (closed) return;
    if (reading) return void (again = true);
    reading = true;
    again = false;
    journal
      .catchUp()
      .catch((error: unknown) => log.debug({ err: error }, "what other servers wrote could not be read"))
      .finally(() => {
        reading = false;
        if (again) read();
      });
  };
  const listening = await store.listen(eventChannel, (writer) => writer === serverId || read(), read);
  const timer = setInterval(read, lookEveryMs).unref();
  return {
    async close() {
      closed = true;
      clearInterval(timer);
      await listening.close();
    },
  };
}
