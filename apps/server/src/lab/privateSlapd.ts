import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { ownCertificate } from "../tls/ownCertificate.ts";
import { freePort } from "./sitePostgres.ts";
import { until } from "./until.ts";

const run = promisify(execFile);

/** Debian's slapd with a directory of its own, on loopback; for tests. */
export interface PrivateSlapd {
  /** `ldap://localhost:PORT` and `ldaps://localhost:PORT`. */
  plain: string;
  encrypted: string;
  /** The certificate to trust. */
  ca: string;
  /** A certificate that is for these names, by another authority. */
  otherCa: string;
  /** Stops it from answering, and lets it go on. */
  pause(): void;
  resume(): void;
  close(): Promise<void>;
}

export const readerDn = "cn=reader,dc=example,dc=org";
export const readerSecret = "reader's secret";

const person = (uid: string, cn: string, password: string, ou = "people"): string =>
  `dn: uid=${uid},ou=${ou},dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: ${uid}\ncn: ${cn}\nsn: ${cn}\nuserPassword: ${password}\n`;

/** Somebody as Active Directory has them: known for life by bytes. */
const windowsPerson = (name: string, guid: Buffer): string =>
  `dn: uid=${name},ou=windows,dc=example,dc=org\nobjectClass: inetOrgPerson\nobjectClass: windowsUser\nuid: ${name}\ncn: ${name}\nsn: ${name}\nobjectGUID:: ${guid.toString("base64")}\nuserPassword: ${name}'s phrase\n`;

const directory = [
  "dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n",
  ...["people", "groups", "twins", "windows"].map((ou) => `dn: ou=${ou},dc=example,dc=org\nobjectClass: organizationalUnit\nou: ${ou}\n`),
  `dn: ${readerDn}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: reader\nuserPassword: ${readerSecret}\n`,
  person("alice", "Alice Example", "alice's phrase"),
  person("bob", "Bob (the builder) * Example", "bob's phrase"),
  // Different bytes that are the same text once they are taken for UTF-8.
  windowsPerson("wanda", Buffer.from("ff00112233445566778899aabbccddee", "hex")),
  windowsPerson("willy", Buffer.from("fe00112233445566778899aabbccddee", "hex")),
  person("twin", "One", "one's phrase", "twins"),
  `dn: cn=vm-admins,ou=groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: vm-admins\nmember: uid=alice,ou=people,dc=example,dc=org\nmember: uid=twin,ou=twins,dc=example,dc=org\n`,
  `dn: cn=auditors,ou=groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: auditors\nmember: uid=bob,ou=people,dc=example,dc=org\n`,
  "dn: ou=far,dc=example,dc=org\nobjectClass: referral\nobjectClass: extensibleObject\nou: far\nref: ldap://127.0.0.1:1/ou=far,dc=example,dc=org\n",
  "dn: ou=mixed,dc=example,dc=org\nobjectClass: organizationalUnit\nou: mixed\n",
  "dn: ou=deep,ou=mixed,dc=example,dc=org\nobjectClass: referral\nobjectClass: extensibleObject\nou: deep\nref: ldap://127.0.0.1:1/ou=deep,dc=example,dc=org\n",
].join("\n");

export async function startSlapd(): Promise<PrivateSlapd> {
  const folder = await mkdtemp(path.join(tmpdir(), "slapd-"));
  const [port, tlsPort] = [await freePort(), await freePort()];
  await mkdir(path.join(folder, "data"));
  await mkdir(path.join(folder, "other"));
  const { certificate, key } = await ownCertificate(folder, ["localhost"], "127.0.0.1");
  const other = await ownCertificate(path.join(folder, "other"), ["localhost"], "127.0.0.1");
  const config = path.join(folder, "slapd.conf");
  await writeFile(
    config,
    [
      ...["core", "cosine", "inetorgperson"].map((each) => `include /etc/ldap/schema/${each}.schema`),
      "attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID' SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )",
      "objectclass ( 1.2.840.113556.1.5.9 NAME 'windowsUser' SUP top AUXILIARY MAY objectGUID )",
      `pidfile ${folder}/pid`,
      "modulepath /usr/lib/ldap",
      "moduleload back_mdb",
      `TLSCertificateFile ${certificate}`,
      `TLSCertificateKeyFile ${key}`,
      "database mdb",
      'suffix "dc=example,dc=org"',
      `directory ${folder}/data`,
      "index objectClass,uid,member eq",
      "access to attrs=userPassword by anonymous auth by * none",
      `access to * by dn.exact="${readerDn}" read by * none`,
      "",
    ].join("\n"),
  );
  await writeFile(path.join(folder, "directory.ldif"), directory);
  await run("/usr/sbin/slapadd", ["-f", config, "-l", path.join(folder, "directory.ldif")]);
  const child = spawn("/usr/sbin/slapd", ["-f", config, "-h", `ldap://127.0.0.1:${port} ldaps://127.0.0.1:${tlsPort}`, "-d", "0"], { stdio: "ignore" });
  const gone = once(child, "exit");
  await until("that slapd listens", async () => {
    const socket = connect(tlsPort, "127.0.0.1");
    const open = await Promise.race([once(socket, "connect").then(() => true), once(socket, "error").then(() => false)]).catch(() => false);
    socket.destroy();
    return open;
  });
  return {
    plain: `ldap://localhost:${port}`,
    encrypted: `ldaps://localhost:${tlsPort}`,
    ca: await readFile(certificate, "utf8"),
    otherCa: await readFile(other.certificate, "utf8"),
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    async close() {
      child.kill("SIGCONT");
      child.kill("SIGTERM");
      await gone;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
