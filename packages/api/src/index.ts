export * from "./client.ts";
export * from "./contracts.ts";
export * from "./openapi.ts";
export * from "./request.ts";
export * from "./filter/index.ts";
