import { Readable } from "node:stream";
import { apiBase } from "@polyvisor/api";
import type { Handlers, Services } from "../handler.ts";

type Mine = "auditLogList" | "auditLogExport" | "auditLogArchive" | "auditCheckpointList" | "auditCheckpointCreate";

/** Reading, exporting and archiving the audit log. */
export function auditHandlers({ audit }: Services): Pick<Handlers, Mine> {
  return {
    auditLogList: ({ query }) => audit.list(query),
    auditLogExport({ reply }) {
      reply.header("content-disposition", 'attachment; filename="polyvisor-audit-log.jsonl"').header("cache-control", "no-store");
      return { type: "application/jsonl", body: Readable.from(audit.export(), { objectMode: false }) };
    },
    auditLogArchive: ({ body }) => audit.archive(body),
    auditCheckpointList: async ({ query }) => ({ key: audit.checkpoints.publicKey, items: await audit.checkpoints.after(query.after, query.limit) }),
    async auditCheckpointCreate({ reply }) {
      reply.header("location", `${apiBase}/audit-log/checkpoints`);
      return audit.checkpoints.sign();
    },
  };
}
