import { fullDaemon } from "./fullDaemon.ts";
import { inTurns, measured, type Measured } from "./measure.ts";
import type { Row } from "./table.ts";

const own = new URL("ownPeer.ts", import.meta.url).pathname;
const python = new URL("../peers/python_peer.py", import.meta.url).pathname;

interface Scenario {
  id: string;
  what: string;
  /** Aim against libvirt-python. */
  aim?: number;
}
const scenarios: Scenario[] = [
  { id: "list-stats", what: "list + all stats", aim: 1 },
  { id: "xml", what: "XML descriptions", aim: 0.5 },
  { id: "info", what: "infos", aim: 0.5 },
  { id: "cold", what: "cold connect to complete inventory" },
];

/** Reads of `count` domains of libvirt's test driver by each client, on one libvirtd. */
export async function reading(options: { count: number; rounds: number; repeat: number; goPeer?: string | undefined }): Promise<Row[]> {
  const daemon = await fullDaemon(options.count);
  const rows: Row[] = [];
  try {
    for (const { id, what, aim } of scenarios) {
      const repeat = String(options.repeat);
      const contestants: Record<string, () => Promise<Measured>> = {
        "libvirt-python": () => measured(["/usr/bin/python3", python, daemon.uri, id, repeat]),
        Polyvisor: () => measured([process.execPath, own, daemon.uri, id, repeat]),
      };
      if (options.goPeer) contestants["go-libvirt"] = () => measured([options.goPeer!, daemon.socket, "test:///default", id, repeat]);
      const results = await inTurns(contestants, options.rounds);
      const reference = results["libvirt-python"]!;
      for (const [who, result] of Object.entries(results)) {
        const short = result.count < options.count ? `only ${result.count} of ${options.count} domains` : undefined;
        rows.push({
          what: `${options.count} domains: ${what}`,
          who,
          ms: result.ms,
          ...(who === "libvirt-python" ? {} : { against: reference.ms }),
          ...(who === "Polyvisor" && aim ? { aim } : {}),
          ...(short ? { note: short } : {}),
        });
      }
    }
  } finally {
    await daemon.stop();
  }
  return rows;
}
