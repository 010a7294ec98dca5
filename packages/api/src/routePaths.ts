/**
 * Every route: method and path below `/api/v1`. Kept apart from the schemas so that a client that only
 * calls does not load a schema library.
 */
export const routePaths = {
  infoGet: ["GET", "/info"],
  sessionCreate: ["POST", "/sessions"],
  sessionDelete: ["DELETE", "/sessions/current"],
  signInCodeCreate: ["POST", "/sign-in-codes"],
  accountGet: ["GET", "/account"],
  accountPassPhrase: ["PUT", "/account/pass-phrase"],
  tokenList: ["GET", "/tokens"],
  tokenCreate: ["POST", "/tokens"],
  tokenDelete: ["DELETE", "/tokens/:id"],
  hostList: ["GET", "/hosts"],
  hostAdd: ["POST", "/hosts"],
  hostTest: ["POST", "/hosts/test"],
  hostGet: ["GET", "/hosts/:id"],
  hostChange: ["PATCH", "/hosts/:id"],
  hostRemove: ["DELETE", "/hosts/:id"],
  hostReconnect: ["POST", "/hosts/:id/reconnect"],
  hostSamples: ["GET", "/hosts/:id/samples"],
  vmList: ["GET", "/vms"],
  vmGet: ["GET", "/vms/:id"],
  vmChange: ["PATCH", "/vms/:id"],
  vmDefinition: ["GET", "/vms/:id/definition"],
  vmExplain: ["GET", "/vms/:id/explain"],
  vmSamples: ["GET", "/vms/:id/samples"],
  vmScreenshot: ["GET", "/vms/:id/screenshot"],
  vmConsole: ["GET", "/vms/:id/console"],
  loadList: ["GET", "/load"],
  datastoreList: ["GET", "/datastores"],
  datastoreGet: ["GET", "/datastores/:id"],
  volumeRead: ["GET", "/datastores/:id/volumes/:volume/content"],
  volumeWrite: ["PUT", "/datastores/:id/volumes/:volume/content"],
  networkList: ["GET", "/networks"],
  networkGet: ["GET", "/networks/:id"],
  templateList: ["GET", "/templates"],
  taskList: ["GET", "/tasks"],
  taskCreate: ["POST", "/tasks"],
  taskGet: ["GET", "/tasks/:id"],
  taskCancel: ["POST", "/tasks/:id/cancel"],
  planMake: ["POST", "/plans"],
  eventStream: ["GET", "/events"],
  openapiGet: ["GET", "/openapi.json"],
} as const satisfies Record<string, readonly [method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", path: string]>;

export type RouteName = keyof typeof routePaths;
/** Where the routes stand. */
export const apiBase = "/api/v1";
