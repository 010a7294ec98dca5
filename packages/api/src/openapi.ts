import { z } from "zod";
import { contracts, problemSchema, type Contract } from "./contracts.ts";
import { needs } from "./needs.ts";
import { apiBase, routePaths, type RouteName } from "./routePaths.ts";

const json = (schema: z.ZodType, io: "input" | "output") => z.toJSONSchema(schema, { io, unrepresentable: "any", target: "draft-2020-12" });

/** Parameters of OpenAPI from an object schema. */
function parameters(schema: z.ZodType | undefined, where: "path" | "query"): unknown[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = json(schema, "input") as { properties?: Record<string, unknown>; required?: string[] };
  return Object.entries(properties).map(([name, each]) => ({ name, in: where, required: where === "path" || required.includes(name), schema: each }));
}

/**
 * This API as an OpenAPI 3.1 document, made of the contracts.
 * @param version of the product
 */
export function openapi(version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  const problem = {
    description: "What went wrong and what to do (RFC 9457)",
    content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
  };
  for (const [name, [method, path]] of Object.entries(routePaths)) {
    const contract: Contract = contracts[name as RouteName];
    const content = contract.response
      ? { "application/json": { schema: json(contract.response, "output") } }
      : contract.media && contract.status === 200
        ? { [contract.media]: {} }
        : undefined;
    const operation: Record<string, unknown> = {
      operationId: name,
      summary: contract.summary,
      parameters: [...parameters(contract.params, "path"), ...parameters(contract.query, "query")],
      responses: { [contract.status]: { description: contract.summary, ...(content ? { content } : {}) }, default: problem },
    };
    if (contract.who === "anyone") operation["security"] = [];
    // Which permission on what: the row of the authorisation table.
    operation["x-needs"] = needs[name as RouteName];
    if (contract.body) operation["requestBody"] = { required: true, content: { "application/json": { schema: json(contract.body, "input") } } };
    (paths[apiBase + path.replace(/:(\w+)/g, "{$1}")] ??= {})[method.toLowerCase()] = operation;
  }
  return {
    openapi: "3.1.0",
    info: { title: "Polyvisor", version, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    security: [{ bearer: [] }],
    components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } }, schemas: { Problem: json(problemSchema, "output") } },
    paths,
  };
}
