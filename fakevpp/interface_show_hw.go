package fakevpp

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/vpptwin/vpptwin/sim/vnet"
)

// threadName is a thread's name: vpp_main, vpp_wk_0 and so on.
func threadName(thread uint32) string {
	if thread == 0 {
		return "vpp_main"
	}
	return fmt.Sprintf("vpp_wk_%d", thread-1)
}

func cliShowRxPlacement(v *VPP, _ *cliArgs) (string, error) {
	var b strings.Builder
	var node string
	thread := invalidIndex
	for _, q := range v.dp.RxPlacements() {
		i := v.dp.Interface(q.SwIfIndex)
		if q.Thread != thread {
			thread = q.Thread
			fmt.Fprintf(&b, "Thread %d (%s):\n", thread, threadName(thread))
		}
		if i.Hw.Device.Input != node {
			node = i.Hw.Device.Input
			fmt.Fprintf(&b, " node %s:\n", node)
		}
		fmt.Fprintf(&b, "    %s queue %d (%s)\n", i.Name, q.ID, q.Mode)
	}
	return b.String(), nil
}

func cliShowHardwareInterfaces(v *VPP, a *cliArgs) (string, error) {
	var list []*vnet.Interface
	verbose := true
	for a.more() {
		var i *vnet.Interface
		switch {
		case a.iface(&i):
			list = append(list, i)
		case a.is("verbose"), a.is("detail"):
			verbose = true
		case a.is("brief"), a.is("bond"):
			verbose = false
		default:
			index, ok := a.uint()
			if !ok {
				return "", a.unknown()
			}
			hw := v.dp.HwInterface(index)
			if hw == nil {
				return "", fmt.Errorf("unknown input `%d'", index)
			}
			list = append(list, v.dp.Interface(hw.SwIfIndex))
		}
	}
	if len(list) == 0 {
		list = v.sortedInterfaces()
	}
	var b strings.Builder
	b.WriteString(center("Name", 32) + center("Idx", 6) + center("Link", 8) + "Hardware\n")
	for _, i := range list {
		showHardware(&b, i.Hw, verbose)
	}
	return b.String(), nil
}

// showHardware is format_vnet_hw_interface.
func showHardware(b *strings.Builder, hw *vnet.HwInterface, verbose bool) {
	link := "down"
	if hw.LinkUp {
		link = "up"
	}
	fmt.Fprintf(b, "%-32s%s%s%s\n  Link speed: %s\n", hw.Name, center(strconv.Itoa(int(hw.HwIfIndex)), 6), center(link, 8),
		hw.DeviceName, linkSpeed(hw.LinkSpeed))
	if len(hw.RxQueues) > 0 {
		fmt.Fprintf(b, "  RX Queues:\n    %-6s%-15s%-10s\n", "queue", "thread", "mode")
		for _, q := range hw.RxQueues {
			fmt.Fprintf(b, "    %-6d%-15s%-10s\n", q.ID, threadAndIndex(q.Thread), q.Mode)
		}
	}
	if len(hw.TxQueues) > 0 {
		fmt.Fprintf(b, "  TX Queues:\n    TX Hash: [name: %s]\n    %-6s%-7s%-15s\n", hw.Class.TxHash, "queue", "shared", "thread(s)")
		for _, q := range hw.TxQueues {
			shared := "no"
			if q.Shared {
				shared = "yes"
			}
			fmt.Fprintf(b, "    %-6d%-7s%s\n", q.ID, shared, bitmapList(q.Threads))
		}
	}
	if !verbose {
		return
	}
	if hw.Class.Ethernet {
		fmt.Fprintf(b, "  Ethernet address %s\n", hw.MAC)
	} else {
		fmt.Fprintf(b, "  %s\n", hw.Class.Name)
	}
	for _, line := range hw.Driver.Show(hw) {
		fmt.Fprintf(b, "  %s\n", line)
	}
}

// threadAndIndex is format_vlib_thread_name_and_index.
func threadAndIndex(thread uint32) string {
	if thread == 0 {
		return "main (0)"
	}
	return fmt.Sprintf("vpp_wk_%d (%d)", thread-1, thread)
}

// linkSpeed formats kbit/s (format_vnet_hw_interface_link_speed).
func linkSpeed(kbps uint32) string {
	switch {
	case kbps == 0:
		return "unknown"
	case kbps >= 1e6:
		return strconv.FormatFloat(float64(kbps)/1e6, 'f', -1, 64) + " Gbps"
	case kbps >= 1e3:
		return strconv.FormatFloat(float64(kbps)/1e3, 'f', -1, 64) + " Mbps"
	}
	return fmt.Sprintf("%d Kbps", kbps)
}

// bitmapList formats sorted numbers as ranges, "0, 2-4"
// (format_bitmap_list in src/vppinfra/bitmap.c).
func bitmapList(numbers []uint32) string {
	var parts []string
	for k := 0; k < len(numbers); {
		end := k
		for end+1 < len(numbers) && numbers[end+1] == numbers[end]+1 {
			end++
		}
		part := strconv.Itoa(int(numbers[k]))
		if end > k {
			part += "-" + strconv.Itoa(int(numbers[end]))
		}
		parts = append(parts, part)
		k = end + 1
	}
	return strings.Join(parts, ", ")
}
