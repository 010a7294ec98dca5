import type { Field, Struct } from "./definition.ts";
import { isText } from "./emitTypes.ts";
import { isTypedParams, leastBytes, resolve, sizeOf, type Model } from "./model.ts";
import { camelCase, typeName } from "./naming.ts";

const METHODS: Record<string, string> = {
  int: "int", "unsigned int": "uint", hyper: "hyper", "unsigned hyper": "uhyper", double: "double",
  char: "char", "unsigned char": "uchar", "unsigned short": "ushort", short: "short",
};

function method(model: Model, type: string): string | undefined {
  return METHODS[type] ?? (model.definition.enums.has(type) ? "int" : undefined);
}
const isUuid = (type: string): boolean => type.endsWith("_uuid") || type.endsWith("UUID");

/** Statements before, and the expression of, one decoded field. */
function decodeField(model: Model, given: Field): { before: string[]; value: string } {
  const { definition } = model;
  const field = resolve(definition, given);
  const local = camelCase(field.name);
  const inline = (value: string): { before: string[]; value: string } => ({ before: [], value });
  if (isTypedParams(field)) return inline(`${given.name === "\0list" ? "r.typedParamList" : "r.typedParams"}(${sizeOf(definition, field)})`);
  if (isUuid(given.type) && given.shape === "single") return inline("r.uuid()");
  if (isText(field)) return inline(field.shape === "fixed" ? `r.fixedText(${sizeOf(definition, field)})` : `r.text(${sizeOf(definition, field)})`);
  if (field.type === "char" && field.shape === "variable") return inline(`r.chars(${sizeOf(definition, field)})`);
  if (field.type === "opaque") return inline(field.shape === "fixed" ? `r.fixedOpaque(${sizeOf(definition, field)})` : `r.opaque(${sizeOf(definition, field)})`);
  if (field.type === "string") return inline(`${field.shape === "optional" ? "r.optionalString" : "r.string"}(${sizeOf(definition, field)})`);
  const scalar = method(model, field.type);
  if (field.shape === "optional") return inline(scalar ? `r.flag() ? r.${scalar}() : null` : `r.flag() ? decode${typeName(field.type)}(r) : null`);
  if (field.shape === "single") return inline(scalar ? `r.${scalar}()` : `decode${typeName(field.type)}(r)`);
  const element: Field = { name: field.name, type: field.type, shape: "single" };
  const one = decodeField(model, element).value;
  const count = field.shape === "fixed" ? String(sizeOf(definition, field)) : `r.count(${sizeOf(definition, field)}, ${leastBytes(definition, element)})`;
  return {
    before: [`  const ${local}: ${elementType(model, element)}[] = [];`, `  for (let left = ${count}; left > 0; left--) ${local}.push(${one});`],
    value: local,
  };
}

function elementType(model: Model, element: Field): string {
  if (isUuid(element.type)) return "string";
  const field = resolve(model.definition, element);
  if (field.type === "string") return "string";
  if (/hyper/.test(field.type)) return "bigint";
  return method(model, field.type) ? "number" : typeName(field.type);
}

/** Statement that writes one field from the expression `from`. */
function encodeField(model: Model, given: Field, from: string, mayLack: boolean): string {
  const { definition } = model;
  const field = resolve(definition, given);
  const label = JSON.stringify(camelCase(field.name));
  if (isTypedParams(field)) return `w.typedParams(${from}, ${sizeOf(definition, field)}, ${label});`;
  if (isUuid(given.type) && given.shape === "single") return `w.uuid(${from}, ${label});`;
  if (isText(field)) return field.shape === "fixed" ? `w.fixedText(${from}, ${sizeOf(definition, field)}, ${label});` : `w.text(${from}, ${sizeOf(definition, field)}, ${label});`;
  if (field.type === "char" && field.shape === "variable") return `w.chars(${from}, ${sizeOf(definition, field)}, ${label});`;
  if (field.type === "opaque") return field.shape === "fixed" ? `w.fixedOpaque(${from}, ${sizeOf(definition, field)}, ${label});` : `w.opaque(${from}, ${sizeOf(definition, field)}, ${label});`;
  if (field.type === "string") {
    return field.shape === "optional" ? `w.optionalString(${from}, ${sizeOf(definition, field)}, ${label});` : `w.string(${from}, ${sizeOf(definition, field)}, ${label});`;
  }
  const scalar = method(model, field.type);
  if (field.shape === "optional") {
    const write = scalar ? `w.${scalar}(${from}, ${label})` : `encode${typeName(field.type)}(w, ${from})`;
    return `if (${from} === null || ${from} === undefined) w.flag(false); else { w.flag(true); ${write}; }`;
  }
  if (field.shape === "single") {
    return scalar ? `w.${scalar}(${from}${mayLack ? " ?? 0" : ""}, ${label});` : `encode${typeName(field.type)}(w, ${from});`;
  }
  const one = encodeField(model, { name: field.name, type: field.type, shape: "single" }, "each", false);
  const count = field.shape === "fixed" ? `w.exactly(${from}, ${sizeOf(definition, field)}, ${label});` : `w.count(${from}, ${sizeOf(definition, field)}, ${label});`;
  return `${count}\n  for (const each of ${from}) ${one}`;
}

/** Straight-line decoder of one struct: fields in wire order, no schema walked at run time. */
export function emitDecoder(model: Model, struct: Struct): string {
  const type = typeName(struct.name);
  const args = struct.name.endsWith("_args");
  const fields = struct.fields.map((field) => {
    const resolved = resolve(model.definition, field);
    const decoded = args && isTypedParams(resolved) ? { before: [], value: `r.typedParamList(${sizeOf(model.definition, resolved)})` } : decodeField(model, field);
    return { key: camelCase(field.name), ...decoded };
  });
  const header = `export function decode${type}(r: XdrReader): ${type} {`;
  if (fields.every((field) => field.before.length === 0)) {
    return `${header}\n  return { ${fields.map((field) => `${field.key}: ${field.value}`).join(", ")} };\n}\n`;
  }
  const lines = fields.flatMap((field) => (field.before.length > 0 ? field.before : [`  const ${field.key} = ${field.value};`]));
  return `${header}\n${lines.join("\n")}\n  return { ${fields.map((field) => field.key).join(", ")} };\n}\n`;
}

/** Straight-line encoder of one struct. */
export function emitEncoder(model: Model, struct: Struct): string {
  const args = struct.name.endsWith("_args");
  const lines = struct.fields.map((field) => `  ${encodeField(model, field, `v.${camelCase(field.name)}`, args && field.name === "flags")}`);
  return `export function encode${typeName(struct.name)}(w: XdrWriter, v: ${typeName(struct.name)}): void {\n${lines.join("\n")}\n}\n`;
}
