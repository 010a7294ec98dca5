import type { Field, Struct } from "./definition.ts";
import { isTypedParams, resolve, type Model } from "./model.ts";
import { camelCase, typeName } from "./naming.ts";

const SCALARS: Record<string, string> = {
  int: "number", "unsigned int": "number", hyper: "bigint", "unsigned hyper": "bigint", double: "number",
  char: "number", "unsigned char": "number", "unsigned short": "number", short: "number", string: "string",
};

/** Character arrays are text except for authentication data, which is bytes. */
export function isText(field: Field): boolean {
  return field.type === "char" && field.shape !== "single" && field.name !== "data";
}

function baseType(model: Model, type: string): string {
  const alias = model.definition.typedefs.get(type);
  if (alias) return tsType(model, { ...alias, name: "" }, false);
  if (model.definition.enums.has(type)) return "number";
  return SCALARS[type] ?? (model.definition.structs.has(type) || model.definition.unions.has(type) ? typeName(type) : fail(type));
}
function fail(type: string): never { throw new Error(`unknown type ${type}`); }

/** TypeScript type of a field; `written` for arguments, where typed parameters are a list. */
export function tsType(model: Model, given: Field, written: boolean): string {
  const field = resolve(model.definition, given);
  if (isTypedParams(field)) return written ? "readonly TypedParam[]" : "TypedParams";
  if (given.type.endsWith("_uuid") || given.type.endsWith("UUID")) return given.shape === "variable" ? "string[]" : "string";
  if (isText(field)) return "string";
  if (field.type === "opaque" || (field.type === "char" && field.shape !== "single")) return "Uint8Array";
  const base = baseType(model, field.type);
  if (field.type === "string") return field.shape === "optional" ? "string | null" : "string";
  if (field.shape === "optional") return `${base} | null`;
  if (field.shape === "variable" || field.shape === "fixed") return written ? `readonly ${base}[]` : `${base}[]`;
  return base;
}

function emitInterface(model: Model, struct: Struct): string {
  const args = struct.name.endsWith("_args");
  const lines = struct.fields.map((field) => {
    const type = tsType(model, field, args);
    const mayLack = args && (type.endsWith("| null") || (field.name === "flags" && type === "number"));
    return `  ${camelCase(field.name)}${mayLack ? "?" : ""}: ${type};`;
  });
  return `/** \`${struct.name}\` */\nexport interface ${typeName(struct.name)} {\n${lines.join("\n")}\n}\n`;
}

function referenced(model: Model, body: string, own: Set<string>): string[] {
  const imports: string[] = [];
  const byFile = new Map<string, string[]>();
  for (const [name, file] of model.fileOf) {
    const type = typeName(name);
    if (name !== "remote_typed_param" && !own.has(type) && new RegExp(`\\b${type}\\b`).test(body.replace(/`[^`]*`/g, ""))) byFile.set(file, [...(byFile.get(file) ?? []), type]);
  }
  for (const [file, names] of [...byFile].sort()) imports.push(`import type { ${names.sort().join(", ")} } from "./${file}.ts";`);
  const values = ["TypedParam", "TypedParams"].filter((name) => new RegExp(`\\b${name}\\b`).test(body));
  if (values.length > 0) imports.push(`import type { ${values.join(", ")} } from "../../xdr/typedParam.ts";`);
  const calls = ["CallOptions", "OpensStream"].filter((name) => new RegExp(`\\b${name}\\b`).test(body));
  if (calls.length > 0) imports.push(`import type { ${calls.join(", ")} } from "../../call.ts";`);
  return imports;
}

/** Interfaces and call signatures of one family: types only, so the file is never loaded at run time. */
export function emitTypes(model: Model, family: string): string {
  const structs = [...model.definition.structs.values()].filter((struct) => model.fileOf.get(struct.name) === family && struct.name !== "remote_typed_param");
  let body = structs.map((struct) => emitInterface(model, struct)).join("\n");
  const procedures = model.procedures.filter((procedure) => procedure.family === family);
  if (procedures.length > 0) {
    const methods = procedures.map((procedure) => {
      const ret = procedure.ret ? typeName(procedure.ret) : "void";
      const result = procedure.stream ? `OpensStream<${ret}>` : ret;
      const args = procedure.args ? `args: ${typeName(procedure.args)}, ` : "";
      return `  /** \`${procedure.symbol}\` (${procedure.number}) */\n  ${procedure.name}(${args}options?: CallOptions): Promise<${result}>;`;
    });
    body += `\n/** Calls of the ${family} family. */\nexport interface ${callsName(family)} {\n${methods.join("\n")}\n}\n`;
  }
  if (family === "events") {
    const lines = model.events.map((event) => `  /** \`${event.symbol}\` (${event.number}) */\n  ${event.name}: ${typeName(event.message)};`);
    body += `\n/** Message of each event kind. */\nexport interface EventMessages {\n${lines.join("\n")}\n}\n`;
  }
  const imports = referenced(model, body, new Set(structs.map((struct) => typeName(struct.name))));
  return `${imports.join("\n")}${imports.length > 0 ? "\n\n" : ""}${body}`;
}

/** Name of the interface with a family's calls. */
export function callsName(family: string): string {
  return `${family.charAt(0).toUpperCase()}${family.slice(1)}Calls`;
}
