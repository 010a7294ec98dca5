import { constants as c } from "@polyvisor/protocol-libvirt";
import type { Domain } from "@polyvisor/protocol-libvirt";
import type { Session } from "../session.ts";
import { parseXml } from "../xml/parseXml.ts";
import type { XmlElement } from "../xml/xmlNode.ts";
import { writeXml } from "../xml/writeXml.ts";

/** What a VM will be at its next start, with the secrets that a definition without them would lose. It never leaves the adapter. */
export async function nextStartOf(session: Session, dom: Domain): Promise<XmlElement> {
  const { xml } = await session.call.domainGetXmlDesc({ dom, flags: c.VIR_DOMAIN_XML_INACTIVE | c.VIR_DOMAIN_XML_SECURE });
  return parseXml(xml, `the description of VM "${dom.name}"`);
}

/** Changes what a VM will be at its next start; whatever the edit does not touch, known here or not, stays. */
export async function redefine(session: Session, dom: Domain, edit: (root: XmlElement) => void): Promise<void> {
  const root = await nextStartOf(session, dom);
  edit(root);
  await session.call.domainDefineXml({ xml: writeXml(root) });
}
