import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import { isoCBOR } from "@simplewebauthn/server/helpers";

const sha256 = (data: string | Buffer): Buffer => createHash("sha256").update(data).digest();
const base64url = (data: Buffer | Uint8Array): string => Buffer.from(data).toString("base64url");

/** What an answer is made wrong by. */
export interface Lies {
  origin?: string;
  rpId?: string;
  challenge?: string;
  type?: string;
  /** Whether the person was asked for a PIN or finger; true where absent. */
  userVerified?: boolean;
  counter?: number;
  /** Signed by another key. */
  forged?: boolean;
}

interface Options {
  challenge: string;
  rp?: { id?: string };
  rpId?: string;
}

/** An authenticator in software, as WebAuthn level 2 has them: one ES256 key for one account; for tests. */
export class SoftAuthenticator {
  readonly id = randomBytes(16);
  readonly #keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  readonly #others = generateKeyPairSync("ec", { namedCurve: "P-256" });
  readonly #origin: string;
  #counter = 0;

  constructor(origin: string) {
    this.#origin = origin;
  }

  #clientData(type: string, options: Options, lies: Lies): Buffer {
    return Buffer.from(
      JSON.stringify({ type: lies.type ?? type, challenge: lies.challenge ?? options.challenge, origin: lies.origin ?? this.#origin, crossOrigin: false }),
    );
  }

  /** Authenticator data (section 6.1). */
  #data(options: Options, lies: Lies, attested: Buffer | undefined): Buffer {
    const flags = 1 | (lies.userVerified === false ? 0 : 4) | (attested ? 0x40 : 0);
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(lies.counter ?? ++this.#counter);
    return Buffer.concat([sha256(lies.rpId ?? options.rpId ?? options.rp?.id ?? ""), Buffer.of(flags), counter, attested ?? Buffer.alloc(0)]);
  }

  /** As `navigator.credentials.create` answers. */
  register(given: object, lies: Lies = {}): object {
    const options = given as Options;
    const { x, y } = this.#keys.publicKey.export({ format: "jwk" });
    const cose = new Map<number, number | Uint8Array>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, new Uint8Array(Buffer.from(x!, "base64url"))],
      [-3, new Uint8Array(Buffer.from(y!, "base64url"))],
    ]);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(this.id.length);
    const authData = this.#data(options, lies, Buffer.concat([Buffer.alloc(16), length, this.id, isoCBOR.encode(cose)]));
    const attestation = new Map<string, string | Map<string, string> | Uint8Array>([
      ["fmt", "none"],
      ["attStmt", new Map()],
      ["authData", new Uint8Array(authData)],
    ]);
    return {
      id: base64url(this.id),
      rawId: base64url(this.id),
      type: "public-key",
      clientExtensionResults: {},
      response: {
        clientDataJSON: base64url(this.#clientData("webauthn.create", options, lies)),
        attestationObject: base64url(isoCBOR.encode(attestation)),
        transports: ["internal", "hybrid"],
      },
    };
  }

  /** As `navigator.credentials.get` answers. */
  signIn(given: object, lies: Lies = {}): object {
    const options = given as Options;
    const clientData = this.#clientData("webauthn.get", options, lies);
    const authData = this.#data(options, lies, undefined);
    const key: KeyObject = (lies.forged ? this.#others : this.#keys).privateKey;
    return {
      id: base64url(this.id),
      rawId: base64url(this.id),
      type: "public-key",
      clientExtensionResults: {},
      response: {
        clientDataJSON: base64url(clientData),
        authenticatorData: base64url(authData),
        signature: base64url(sign("sha256", Buffer.concat([authData, sha256(clientData)]), key)),
      },
    };
  }
}
