import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Certificate and key as PEM text. */
export interface Pair {
  cert: string;
  key: string;
}

/** A certificate authority of the test's own, made with openssl. */
export class TestAuthority {
  readonly #folder = mkdtempSync(join(tmpdir(), "test-ca-"));
  #serial = 1;

  constructor(name = "Test authority") {
    this.#openssl(
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "2",
      "-subj",
      `/CN=${name}`,
      "-keyout",
      this.#path("ca.key"),
      "-out",
      this.#path("ca.pem"),
      "-addext",
      "keyUsage=critical,keyCertSign,cRLSign",
    );
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }
  #openssl(...args: string[]): void {
    execFileSync("openssl", args, { stdio: ["ignore", "ignore", "ignore"] });
  }

  /** The authority's certificate. */
  get cert(): string {
    return readFileSync(this.#path("ca.pem"), "utf8");
  }

  /** Issues a certificate; `names` such as `DNS:localhost` or `IP:127.0.0.1`; negative `days` for one that has expired. */
  issue(common: string, use: "serverAuth" | "clientAuth", names: string[] = [], expired = false): Pair {
    const [request, key, cert, extensions] = ["req", "key", "pem", "ext"].map((kind) => this.#path(`leaf${this.#serial}.${kind}`)) as [
      string,
      string,
      string,
      string,
    ];
    writeFileSync(
      extensions,
      `basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=${use}\n${names.length > 0 ? `subjectAltName=${names.join(",")}\n` : ""}`,
    );
    this.#openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", `/CN=${common}`, "-keyout", key, "-out", request);
    this.#openssl(
      "x509",
      "-req",
      "-in",
      request,
      "-CA",
      this.#path("ca.pem"),
      "-CAkey",
      this.#path("ca.key"),
      "-set_serial",
      String(this.#serial++),
      "-days",
      expired ? "-1" : "2",
      "-extfile",
      extensions,
      "-out",
      cert,
    );
    return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
