#!/usr/bin/python3
"""The peer libvirt-python: one scenario, repeated; prints one JSON line of milliseconds per repetition.

usage: python_peer.py URI SCENARIO REPEAT
"""
import json
import sys
import time

import libvirt


def list_stats(conn):
    domains = conn.listAllDomains()
    stats = conn.getAllDomainStats()
    return min(len(domains), len(stats))


def xml(conn):
    return sum(1 for domain in conn.listAllDomains() if domain.XMLDesc())


def info(conn):
    return sum(1 for domain in conn.listAllDomains() if domain.info())


def inventory(conn):
    conn.getCapabilities()
    conn.getInfo()
    count = 0
    conn.getAllDomainStats()
    for domain in conn.listAllDomains():
        domain.XMLDesc()
        domain.autostart()
        domain.isPersistent()
        count += 1
    for pool in conn.listAllStoragePools():
        pool.XMLDesc()
        if pool.isActive():
            for volume in pool.listAllVolumes():
                volume.XMLDesc()
    for network in conn.listAllNetworks():
        network.XMLDesc()
    return count


def events(uri):
    """Prints the time (ms since 1970) and name of every lifecycle event until standard input ends."""
    import threading
    libvirt.virEventRegisterDefaultImpl()
    conn = libvirt.open(uri)

    def seen(_conn, domain, event, _detail, _opaque):
        print(json.dumps({"at": time.time() * 1000, "name": domain.name(), "event": event}), flush=True)

    conn.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, seen, None)
    print(json.dumps({"ready": True}), flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), conn.close(), sys.exit(0)), daemon=True).start()
    while conn.isAlive():
        libvirt.virEventRunDefaultImpl()


def main():
    uri, scenario = sys.argv[1], sys.argv[2]
    if scenario == "events":
        return events(uri)
    repeat = int(sys.argv[3])
    times = []
    count = 0
    conn = None if scenario == "cold" else libvirt.open(uri)
    for _ in range(repeat):
        start = time.perf_counter()
        if scenario == "cold":
            conn = libvirt.open(uri)
            count = inventory(conn)
        else:
            count = {"list-stats": list_stats, "xml": xml, "info": info}[scenario](conn)
        times.append((time.perf_counter() - start) * 1000)
        if scenario == "cold":
            conn.close()
    print(json.dumps({"count": count, "ms": times}))


main()
