import { emitDecoder, emitEncoder } from "./emitCodec.ts";
import type { Model } from "./model.ts";
import { typeName } from "./naming.ts";

interface Imports { types: Map<string, Set<string>>; values: Map<string, Set<string>> }

function collect(model: Model, body: string, family: string, peer: boolean): string {
  const imports: Imports = { types: new Map(), values: new Map() };
  const add = (map: Map<string, Set<string>>, file: string, name: string): void => { map.set(file, (map.get(file) ?? new Set()).add(name)); };
  const up = peer ? "../" : "./";
  const words = new Set(body.match(/\b\w+\b/g));
  for (const [name, file] of model.fileOf) {
    const type = typeName(name);
    if (words.has(type) && name !== "remote_typed_param") add(imports.types, `${up}types/${file}.ts`, type);
    for (const [kind, held] of [["encode", model.encoded], ["decode", model.decoded]] as const) {
      const symbol = `${kind}${type}`;
      if (!words.has(symbol) || new RegExp(`function ${symbol}\\b`).test(body)) continue;
      add(imports.values, held.has(name) ? `${up}${file}.ts` : `./${peer ? "" : "peer/"}${file}.ts`, symbol);
    }
  }
  const lines: string[] = [];
  for (const [file, names] of [...imports.types].sort()) lines.push(`import type { ${[...names].sort().join(", ")} } from "${file}";`);
  for (const [file, names] of [...imports.values].sort()) if (file !== `./${family}.ts` || peer) lines.push(`import { ${[...names].sort().join(", ")} } from "${file}";`);
  const deep = peer ? "../../" : "../";
  for (const name of ["XdrReader", "XdrWriter"]) if (words.has(name)) lines.push(`import type { ${name} } from "${deep}xdr/${name.replace("X", "x")}.ts";`);
  if (words.has("Procedure")) lines.push(`import type { Procedure } from "${deep}call.ts";`);
  if (words.has("EventKind")) lines.push(`import type { EventKind } from "${deep}eventHub.ts";`);
  return lines.join("\n");
}

const PROGRAM = { remote: "REMOTE_PROGRAM", qemu: "QEMU_PROGRAM", lxc: "LXC_PROGRAM" } as const;

/** One family's code for the client's side: encoders of arguments, decoders of results, the table of procedures. */
export function emitFamily(model: Model, family: string): string {
  const structs = [...model.definition.structs.values()].filter((struct) => model.fileOf.get(struct.name) === family && struct.name !== "remote_typed_param");
  let body = structs.flatMap((struct) => [
    ...(model.encoded.has(struct.name) ? [emitEncoder(model, struct)] : []),
    ...(model.decoded.has(struct.name) ? [emitDecoder(model, struct)] : []),
  ]).join("\n");
  const procedures = model.procedures.filter((procedure) => procedure.family === family);
  if (procedures.length > 0) {
    const lines = procedures.map((procedure) => {
      const encode = procedure.args ? `encode${typeName(procedure.args)}` : "null";
      const decode = procedure.ret ? `decode${typeName(procedure.ret)}` : "null";
      const program = model.definition.constants.get(PROGRAM[procedure.program]);
      return `  { name: "${procedure.name}", program: ${program}, number: ${procedure.number}, encode: ${encode}, decode: ${decode}, stream: ${procedure.stream}, waits: "${procedure.waits}" },`;
    });
    body += `\n/** Procedures of the ${family} family. */\nexport const ${family}Procedures: readonly Procedure[] = [\n${lines.join("\n")}\n];\n`;
  }
  if (family === "events") {
    const lines = model.events.map((event) => `  { name: "${event.name}", program: ${model.definition.constants.get(PROGRAM[event.program])}, number: ${event.number}, decode: decode${typeName(event.message)} },`);
    body += `\n/** Event messages of every program. */\nexport const eventKinds: readonly EventKind[] = [\n${lines.join("\n")}\n];\n`;
  }
  return `${collect(model, body, family, false)}\n\n${body}`;
}

/** The opposite direction of a family: what a server writes and reads. For tests and for playing a server. */
export function emitPeer(model: Model, family: string): string | undefined {
  const structs = [...model.definition.structs.values()].filter((struct) => model.fileOf.get(struct.name) === family && struct.name !== "remote_typed_param");
  const body = structs.flatMap((struct) => [
    ...(model.encoded.has(struct.name) ? [] : [emitEncoder(model, struct)]),
    ...(model.decoded.has(struct.name) ? [] : [emitDecoder(model, struct)]),
  ]).join("\n");
  return body ? `${collect(model, body, family, true)}\n\n${body}` : undefined;
}
