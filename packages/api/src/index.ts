export * from "./audit/auditEntry.ts";
export * from "./audit/canonicalJson.ts";
export * from "./audit/verifyChain.ts";
export * from "./client.ts";
export * from "./contracts.ts";
export * from "./openapi.ts";
export * from "./request.ts";
export * from "./filter/index.ts";
