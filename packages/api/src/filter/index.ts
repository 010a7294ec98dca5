export * from "./ast.ts";
export * from "./check.ts";
export * from "./complete.ts";
export { fieldNames, filterKinds, findField, ownFields, relations, searchedFields, type FieldRow, type FieldType, type FilterKind } from "./fields.ts";
export * from "./format.ts";
export * from "./glob.ts";
export * from "./parse.ts";
export * from "./quote.ts";
