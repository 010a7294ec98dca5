import type { Run } from "../command.ts";
import { showList } from "../listing.ts";

/** `server list`. */
export const list: Run = async (context) => {
  const { items } = await (await context.client()).call("serverList");
  await showList(
    context,
    items,
    [
      { title: "NAME", text: (server) => server.name, whole: true },
      { title: "ID", text: (server) => server.id },
      { title: "ALIVE", text: (server) => (server.alive ? "yes" : "no"), colour: (server) => (server.alive ? "green" : "red") },
      { title: "HOSTS", text: (server) => String(server.hosts), figures: true },
      { title: "VERSION", text: (server) => server.version },
      { title: "URL", text: (server) => server.url },
      { title: "ANSWERS", text: (server) => (server.self ? "this one" : "") },
    ],
    { name: (server) => server.id, empty: "There is no server." },
  );
};
