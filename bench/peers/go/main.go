// The peer go-libvirt: one scenario, repeated; prints one JSON line of milliseconds per repetition.
//
// usage: peer SOCKET URI SCENARIO REPEAT
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/digitalocean/go-libvirt"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func open(socket, uri string) *libvirt.Libvirt {
	c, err := net.Dial("unix", socket)
	check(err)
	l := libvirt.New(c)
	check(l.ConnectToURI(libvirt.ConnectURI(uri)))
	return l
}

func list(l *libvirt.Libvirt) []libvirt.Domain {
	domains, _, err := l.ConnectListAllDomains(1, 0)
	check(err)
	return domains
}

func run(l *libvirt.Libvirt, scenario string) int {
	switch scenario {
	case "list-stats":
		domains := list(l)
		stats, err := l.ConnectGetAllDomainStats(nil, 0, 0)
		check(err)
		return min(len(domains), len(stats))
	case "xml":
		domains := list(l)
		for _, d := range domains {
			_, err := l.DomainGetXMLDesc(d, 0)
			check(err)
		}
		return len(domains)
	case "info":
		domains := list(l)
		for _, d := range domains {
			_, _, _, _, _, err := l.DomainGetInfo(d)
			check(err)
		}
		return len(domains)
	case "inventory":
		_, err := l.Capabilities()
		check(err)
		_, err = l.ConnectGetAllDomainStats(nil, 0, 0)
		check(err)
		domains := list(l)
		for _, d := range domains {
			_, err := l.DomainGetXMLDesc(d, 0)
			check(err)
			_, err = l.DomainGetAutostart(d)
			check(err)
			_, err = l.DomainIsPersistent(d)
			check(err)
		}
		pools, _, err := l.ConnectListAllStoragePools(1, 0)
		check(err)
		for _, p := range pools {
			_, err := l.StoragePoolGetXMLDesc(p, 0)
			check(err)
		}
		networks, _, err := l.ConnectListAllNetworks(1, 0)
		check(err)
		for _, n := range networks {
			_, err := l.NetworkGetXMLDesc(n, 0)
			check(err)
		}
		return len(domains)
	}
	check(fmt.Errorf("no scenario %q", scenario))
	return 0
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}

func main() {
	socket, uri, scenario := os.Args[1], os.Args[2], os.Args[3]
	repeat, err := strconv.Atoi(os.Args[4])
	check(err)
	var times []float64
	count := 0
	var l *libvirt.Libvirt
	if scenario != "cold" {
		l = open(socket, uri)
	}
	for i := 0; i < repeat; i++ {
		start := time.Now()
		if scenario == "cold" {
			l = open(socket, uri)
			count = run(l, "inventory")
		} else {
			count = run(l, scenario)
		}
		times = append(times, float64(time.Since(start).Microseconds())/1000)
		if scenario == "cold" {
			check(l.Disconnect())
		}
	}
	check(json.NewEncoder(os.Stdout).Encode(map[string]interface{}{"count": count, "ms": times}))
}
