import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { ConnectionError } from "../connectionError.ts";

const derive = promisify(pbkdf2);

/** Hash of each SCRAM mechanism that this client speaks (RFC 5802, RFC 7677), strongest first. */
export const SCRAM_HASHES: ReadonlyMap<string, string> = new Map([
  ["SCRAM-SHA-512", "sha512"],
  ["SCRAM-SHA-384", "sha384"],
  ["SCRAM-SHA-256", "sha256"],
  ["SCRAM-SHA-1", "sha1"],
]);

const FEWEST_ITERATIONS = 4_096;
const MOST_ITERATIONS = 10_000_000;

/**
 * A client's side of one SCRAM exchange without channel binding. Proves the password without sending it and has the
 * server prove that it knows it too. Every method throws a ConnectionError of kind `authFailed` on a server that cheats.
 */
export class ScramExchange {
  readonly #hash: string;
  readonly #password: string;
  readonly #nonce: string;
  readonly #firstBare: string;
  #serverSignature: Buffer | undefined;

  /** `nonce` is given by tests; it must never repeat otherwise. */
  constructor(mechanism: string, username: string, password: string, nonce = randomBytes(24).toString("base64")) {
    this.#hash = SCRAM_HASHES.get(mechanism) ?? refuse(`mechanism ${mechanism} is not known`);
    this.#password = prepared(password);
    this.#nonce = nonce;
    this.#firstBare = `n=${prepared(username).replaceAll("=", "=3D").replaceAll(",", "=2C")},r=${nonce}`;
  }

  /** The client's first message. */
  first(): string {
    return `n,,${this.#firstBare}`;
  }

  /** The client's answer to the server's first message. */
  async final(serverFirst: string): Promise<string> {
    const fields = attributes(serverFirst);
    const nonce = fields.get("r") ?? "";
    const salt = Buffer.from(fields.get("s") ?? "", "base64");
    const iterations = Number(fields.get("i"));
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) refuse("its nonce does not continue ours");
    if (salt.length === 0) refuse("it sent no salt");
    if (!Number.isInteger(iterations) || iterations < FEWEST_ITERATIONS || iterations > MOST_ITERATIONS) {
      refuse(`${fields.get("i") ?? "no"} iterations, between ${FEWEST_ITERATIONS} and ${MOST_ITERATIONS} are accepted`);
    }
    const mac = (key: Buffer, text: string): Buffer => createHmac(this.#hash, key).update(text).digest();
    const size = createHash(this.#hash).digest().length;
    const salted = await derive(this.#password, salt, iterations, size, this.#hash);
    const clientKey = mac(salted, "Client Key");
    const storedKey = createHash(this.#hash).update(clientKey).digest();
    const withoutProof = `c=${Buffer.from("n,,").toString("base64")},r=${nonce}`;
    const message = `${this.#firstBare},${serverFirst},${withoutProof}`;
    const signature = mac(storedKey, message);
    this.#serverSignature = mac(mac(salted, "Server Key"), message);
    const proof = clientKey.map((byte, index) => byte ^ (signature[index] ?? 0));
    return `${withoutProof},p=${Buffer.from(proof).toString("base64")}`;
  }

  /** Checks the server's last message: it must know the password too. */
  verify(serverFinal: string): void {
    const fields = attributes(serverFinal);
    const error = fields.get("e");
    if (error !== undefined) refuse(error);
    const given = Buffer.from(fields.get("v") ?? "", "base64");
    const expected = this.#serverSignature;
    if (expected === undefined || given.length !== expected.length || !timingSafeEqual(given, expected)) {
      refuse("it does not know the password itself: it may be an impostor");
    }
  }
}

function refuse(reason: string): never {
  throw new ConnectionError("authFailed", `SCRAM with the server failed (${reason})`, {
    remedy: "check user name, password and that the host is the right one",
  });
}

const SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;
const VANISHING = /\u00ad|\u034f|[\u200b-\u200c]|\u200d|\u2060|\ufeff|[\ufe00-\ufe0f]/g;

/** What SASLprep does to text that users type: other spaces become a space, compatibility forms are composed. */
function prepared(text: string): string {
  return text.replace(SPACES, " ").replace(VANISHING, "").normalize("NFKC");
}

function attributes(message: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const part of message.split(",")) if (part[1] === "=") fields.set(part.slice(0, 1), part.slice(2));
  return fields;
}
