import { describe, expect, it } from "vitest";
import { parseXml } from "../xml/parseXml.ts";
import { pendingFields } from "./pendingFields.ts";

const live = `<domain type='kvm' id='3'>
  <name>a</name><uuid>u</uuid><memory unit='KiB'>1024</memory><currentMemory unit='KiB'>512</currentMemory><vcpu placement='static'>2</vcpu>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>
  <cpu mode='custom' match='exact'><model>EPYC</model></cpu>
  <on_reboot>restart</on_reboot>
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/a' index='1'/><backingStore/><target dev='vda' bus='virtio'/><alias name='virtio-disk0'/></disk>
    <interface type='network'><mac address='52:54:00:00:00:01'/><source network='default' portid='p' bridge='virbr0'/><target dev='vnet0'/><model type='virtio'/><alias name='net0'/></interface>
    <serial type='pty'><source path='/dev/pts/2'/><target port='0'/><alias name='serial0'/></serial>
    <graphics type='vnc' port='5900' autoport='yes' listen='127.0.0.1'><listen type='address' address='127.0.0.1'/></graphics>
  </devices>
  <seclabel type='dynamic' model='dac'><label>+1:+2</label></seclabel>
</domain>`;
const rest = `<domain type='kvm'>
  <name>a</name><uuid>u</uuid><memory unit='KiB'>1024</memory><currentMemory unit='KiB'>512</currentMemory><vcpu placement='static'>2</vcpu>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>
  <cpu mode='host-model'/>
  <on_reboot>restart</on_reboot>
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/a'/><target dev='vda' bus='virtio'/></disk>
    <interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/><model type='virtio'/></interface>
    <serial type='pty'><target port='0'/></serial>
    <graphics type='vnc' port='-1' autoport='yes' listen='127.0.0.1'><listen type='address' address='127.0.0.1'/></graphics>
  </devices>
</domain>`;
const pending = (from: string, to: string): string[] => {
  expect(rest).toContain(from);
  return pendingFields(parseXml(live), parseXml(rest.replace(from, to)));
};

describe("what waits for the next start", () => {
  it("is nothing where only the running of it differs", () => {
    expect(pendingFields(parseXml(live), parseXml(rest))).toEqual([]);
  });

  it.each([
    ["<memory unit='KiB'>1024", "<memory unit='KiB'>2048", ["memory"]],
    [">2</vcpu>", ">4</vcpu>", ["vcpus"]],
    ["<vcpu placement='static'>2", "<vcpu placement='static' current='1'>2", ["vcpus"]],
    ["file='/a'", "file='/b'", ["disks"]],
    ["dev='vda'", "dev='vdb'", ["disks"]],
    ["network='default'", "network='lan'", ["nics"]],
    ["<model type='virtio'/></interface>", "<model type='virtio'/></interface><interface type='user'><mac address='52:54:00:00:00:02'/></interface>", ["nics"]],
    [">restart<", ">destroy<", ["other"]],
    ["pc-q35-7.2", "pc-i440fx-7.2", ["other"]],
    ["</devices>", "<tpm model='tpm-crb'/></devices>", ["other"]],
  ])("names the field when %s becomes %s", (from, to, fields) => {
    expect(pending(from, to)).toEqual(fields);
  });
});
