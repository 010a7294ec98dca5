/** Value of a typed parameter. `hyper` kinds are `bigint`. */
export type TypedValue = number | bigint | boolean | string;

/** Typed parameters as read: name to value, in the server's order. Has no prototype: any name is safe to look up. */
export type TypedParams = Record<string, TypedValue>;

/** One typed parameter as written, with its type (libvirt's `VIR_TYPED_PARAM_*`). */
export type TypedParam =
  | { field: string; type: "int" | "uint" | "double"; value: number }
  | { field: string; type: "llong" | "ullong"; value: bigint }
  | { field: string; type: "boolean"; value: boolean }
  | { field: string; type: "string"; value: string };

/** Makes typed parameters for arguments: `typedParam.uint("cpu_shares", 512)`. */
export const typedParam = {
  int: (field: string, value: number): TypedParam => ({ field, type: "int", value }),
  uint: (field: string, value: number): TypedParam => ({ field, type: "uint", value }),
  llong: (field: string, value: bigint): TypedParam => ({ field, type: "llong", value }),
  ullong: (field: string, value: bigint): TypedParam => ({ field, type: "ullong", value }),
  double: (field: string, value: number): TypedParam => ({ field, type: "double", value }),
  boolean: (field: string, value: boolean): TypedParam => ({ field, type: "boolean", value }),
  string: (field: string, value: string): TypedParam => ({ field, type: "string", value }),
};

/** Guesses the type of each value of a record; exact types need `typedParam`. */
export function typedParamsOf(record: TypedParams): TypedParam[] {
  return Object.entries(record).map(([field, value]): TypedParam => {
    if (typeof value === "bigint") return value < 0n ? typedParam.llong(field, value) : typedParam.ullong(field, value);
    if (typeof value === "boolean") return typedParam.boolean(field, value);
    if (typeof value === "string") return typedParam.string(field, value);
    if (Object.is(value, -0) || value !== Math.trunc(value) || value < -0x8000_0000 || value > 0xffff_ffff) return typedParam.double(field, value);
    return value > 0x7fff_ffff ? typedParam.uint(field, value) : typedParam.int(field, value);
  });
}
