package agent

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"net/netip"
	"strings"

	"github.com/vpptwin/vpptwin/agent/vpp"
)

// Table ids. Upstream's well-known ones are kept (common/common.go: DefaultVRFIndex, PuntTableID, PodVRFIndex); the others are upstream's choice of VPP, here they are
// numbers a reader can tell apart: 100000056 is the table of the network with VNI 56.
const (
	mainTable     = 0
	puntTable     = 1
	podsTable     = 2
	networkTables = 100_000_000 // plus the VNI
	rpfTables     = 200_000_000 // plus a number per pod interface
	hostTables    = 300_000_000 // plus the uplink's number
	physicalTable = 400_000_000 // plus the uplink's number
)

// defaultNetwork names the default pod network where Networks have names. No Kubernetes name has an underscore.
const defaultNetwork = "_default"

// maxTag is the length of VPP's tags and table names.
const maxTag = 63

// MAC addresses a reader can tell apart.
var (
	containerMAC = vpp.MAC{0x02, 0, 0, 0, 0, 1} // a pod's end of an Ethernet interface (upstream's ContainerSideMacAddress)
	podTapMAC    = vpp.MAC{0x02, 0, 0, 0, 0, 2} // VPP's end of it
)

// hostTapMAC is VPP's end of the host's tap (upstream's).
func hostTapMAC(uplink int) vpp.MAC { return vpp.MAC{0x02, 0xca, 0x11, 0xc0, 0xfd, byte(uplink)} }

// networkMAC is the address of a network's loopback: its VNI can be read from it.
func networkMAC(vni uint32) vpp.MAC {
	return vpp.MAC{0x02, 0xfe, 0, byte(vni >> 16), byte(vni >> 8), byte(vni)}
}

// short cuts a name to VPP's length; what is cut off is replaced by a hash of the whole, so that different names stay different.
func short(name string, room int) string {
	if len(name) <= room {
		return name
	}
	h := hash(name)
	return name[:room-len(h)-1] + "-" + h
}

// hash returns eight letters and digits that depend on v, which is encoded as JSON.
func hash(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return "unhashed" // only for types that JSON does not know; ours it does
	}
	sum := sha256.Sum256(data)
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:5]))
}

func uplinkTag(linux string) string { return "main-" + linux }
func hostTag(linux string) string   { return "host-" + linux }

func networkTag(network string) string { return short("net-"+network, maxTag) }

// tableName is what AddTable gets, which adds "-ip4" and "-ip6".
func tableName(prefix, name string) string { return short(prefix+name, maxTag-len("-ip4")) }

// host returns an address as a prefix that holds nothing else.
func host(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// everything returns the default route's destination.
func everything(ip6 bool) netip.Prefix {
	if ip6 {
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
}

// families are the address families, as ip6 flags.
var families = []bool{false, true}
