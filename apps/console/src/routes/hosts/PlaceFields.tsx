import { ChoiceField } from "../../forms/ChoiceField.tsx";
import { TextField } from "../../forms/TextField.tsx";
import { useTexts } from "../../texts/texts.ts";
import { hypervisorDrivers, ways, type HostDraft } from "./hostUri.ts";

/** Where a host is: what is asked depends on the way there. */
export function PlaceFields({ draft, change }: { draft: HostDraft; change: (change: Partial<HostDraft>) => void }) {
  const { t } = useTexts();
  const { way, driver } = draft;
  const text = (name: keyof HostDraft, label: string, more: Partial<Parameters<typeof TextField>[0]> = {}) => (
    <TextField key={name} label={label} value={draft[name]} onChange={(value) => change({ [name]: value })} maxLength={2048} {...more} />
  );
  const far = way === "ssh" || way === "tls" || way === "tcp";
  return (
    <div className="pv-fields">
      <ChoiceField
        label={t("addHost.way")}
        value={way}
        onChange={(next) => change({ way: next })}
        options={ways.map((each) => [each, t(`addHost.ways.${each}`)] as const)}
        help={t(`addHost.wayHelp.${way}`)}
      />
      {way !== "uri" && way !== "simulated" && (
        <ChoiceField
          label={t("fields.hypervisor")}
          value={driver}
          onChange={(next) => change({ driver: next })}
          options={hypervisorDrivers.map((each) => [each, t(`addHost.drivers.${each}`)] as const)}
        />
      )}
      {far && text("machine", t("addHost.machine"), { required: true, placeholder: "host2.example" })}
      {way === "ssh" && text("user", t("addHost.user"), { help: t("addHost.userHelp") })}
      {far && text("port", t("addHost.port"), { help: t("addHost.portHelp", { port: { ssh: 22, tls: 16514, tcp: 16509 }[way] }), inputMode: "numeric" })}
      {way === "ssh" && text("keyFile", t("addHost.keyFile"), { help: t("addHost.keyFileHelp") })}
      {way === "tls" && text("certificates", t("addHost.certificates"), { help: t("addHost.certificatesHelp") })}
      {way === "socket" && text("socket", t("addHost.socket"), { required: true, placeholder: "/run/libvirt/libvirt-sock" })}
      {way === "simulated" && text("estate", t("addHost.estate"), { required: true })}
      {way === "simulated" && text("machine", t("addHost.machine"), { required: true, placeholder: "host-0001" })}
      {way === "simulated" && text("simulatedVms", t("objects.lists.vm"), { inputMode: "numeric" })}
      {way === "uri" && text("uri", t("fields.uri"), { required: true, placeholder: "qemu+ssh://root@host2/system" })}
    </div>
  );
}
