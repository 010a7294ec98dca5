import type { HeaderConstant } from "./headers.ts";
import { callsName } from "./emitTypes.ts";
import type { Model } from "./model.ts";
import { typeName } from "./naming.ts";

/** The doors of the generated code: all calls as one type and one table. */
export function emitProcedures(families: string[]): { types: string; code: string } {
  const types = `${families.map((family) => `import type { ${callsName(family)} } from "./${family}.ts";`).join("\n")}\n
/** Every procedure of every program, by name. */
export interface Calls extends ${families.map(callsName).join(", ")} {}\n`;
  const code = `import type { Procedure } from "../call.ts";\n${families.map((family) => `import { ${family}Procedures } from "./${family}.ts";`).join("\n")}\n
/** Every procedure of every program. */
export const procedures: readonly Procedure[] = [\n${families.map((family) => `  ...${family}Procedures,`).join("\n")}\n];\n`;
  return { types, code };
}

/** Bounds and numbers of the message layer. */
export function emitProtocol(model: Model): string {
  const names = [...model.definition.constants].filter(([name]) => /^(VIR_NET_|KEEPALIVE_|REMOTE_PROGRAM|REMOTE_PROTOCOL|QEMU_PRO(GRAM|TOCOL)|LXC_PRO(GRAM|TOCOL)|REMOTE_AUTH_(NONE|SASL|POLKIT))/.test(name));
  return `${names.map(([name, value]) => `export const ${name} = ${value > 65536 && !name.includes("MAX") ? `0x${value.toString(16)}` : value};`).join("\n")}\n`;
}

/** Public enumerations and macros of one header. */
export function emitConstants(constants: HeaderConstant[]): string {
  return `${constants.map(({ name, value }) => `export const ${name} = ${typeof value === "string" ? JSON.stringify(value) : typeof value === "bigint" ? `${value}n` : value};`).join("\n")}\n`;
}

/** Symbolic names of error codes and domains: \`VIR_ERR_NO_DOMAIN\` of 42, \`VIR_FROM_QEMU\` of 10. */
export function emitErrorNames(constants: HeaderConstant[]): string {
  const table = (title: string, name: string, prefix: RegExp): string => {
    const rows = constants.filter((each) => prefix.test(each.name) && typeof each.value === "number").map((each) => `  [${each.value}, "${each.name}"],`);
    return `/** ${title} */\nexport const ${name}: ReadonlyMap<number, string> = new Map([\n${rows.join("\n")}\n]);\n`;
  };
  const levels = new Set(["VIR_ERR_NONE", "VIR_ERR_WARNING", "VIR_ERR_ERROR"]);
  const codes = constants.filter((each) => !levels.has(each.name));
  return `${table("Name of each error code (virErrorNumber).", "errorCodeNames", /^VIR_(ERR_|WAR_)/).replace(/\[0, "VIR_ERR_NONE"\],\n {2}\[1, "VIR_ERR_WARNING"\],\n {2}\[2, "VIR_ERR_ERROR"\],\n {2}/, "")}
${table("Name of each error domain (virErrorDomain).", "errorDomainNames", /^VIR_FROM_/)}
/** Every error code's name. */
export type ErrorCodeName = ${codes.filter((each) => /^VIR_(ERR_|WAR_)/.test(each.name)).map((each) => `"${each.name}"`).join(" | ")};\n`;
}

/** What the vocabulary is: numbers of procedures and events, fields of structs. Compared between versions. */
export function vocabulary(model: Model): object {
  return {
    procedures: Object.fromEntries(model.procedures.map((each) => [each.name, [each.program, each.number]])),
    events: Object.fromEntries(model.events.map((each) => [each.name, [each.program, each.number]])),
    structs: Object.fromEntries([...model.definition.structs.values()].map((struct) => [typeName(struct.name), struct.fields.map((field) => field.name).join(" ")])),
  };
}
