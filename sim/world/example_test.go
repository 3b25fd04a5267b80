package world_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"time"

	"github.com/vpptwin/vpptwin/sim/world"
)

// Two hosts on a segment whose link to the second one is cut half-way. In a
// test this runs in a testing/synctest bubble and takes no time.
func Example() {
	w := world.New(1)
	defer w.Close()
	lan, err := w.NewSegment("lan", 0)
	if err != nil {
		log.Fatal(err)
	}
	var hosts []*world.Host
	for n := range byte(2) {
		h, err := w.NewHost(world.HostConfig{Name: fmt.Sprintf("host%d", n+1)})
		if err != nil {
			log.Fatal(err)
		}
		i, err := h.AddInterface(world.InterfaceConfig{Name: "eth0"})
		if err != nil {
			log.Fatal(err)
		}
		if err := i.AddAddress(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, n + 1}), 24)); err != nil {
			log.Fatal(err)
		}
		if _, err := lan.Attach(i.NIC(), world.LinkConfig{}); err != nil {
			log.Fatal(err)
		}
		hosts = append(hosts, h)
	}
	// On the real clock a busy machine may need a while to bring the links up.
	ping := world.PingOptions{Dst: netip.MustParseAddr("10.0.0.2"), Timeout: 10 * time.Second}
	report, err := hosts[0].Ping(context.Background(), ping)
	fmt.Println(report.Received(), err)
	w.Link("host2/eth0--lan").Cut()
	ping.Timeout = 50 * time.Millisecond
	_, err = hosts[0].Ping(context.Background(), ping)
	fmt.Println(err)
	// Output:
	// 1 <nil>
	// ping on host host1 to 10.0.0.2: echo reply from 10.0.0.2: timed out after 50ms
}
