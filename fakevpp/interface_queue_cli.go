package fakevpp

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/vpptwin/vpptwin/sim/vnet"
)

func cliSetInterfaceRxMode(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	var queue uint32
	var which *uint32
	mode := vnet.RxModeUnknown
	for a.more() {
		switch {
		case a.iface(&i):
		case a.number("queue", &queue):
			which = &queue
		case a.is("polling"):
			mode = vnet.RxModePolling
		case a.is("interrupt"):
			mode = vnet.RxModeInterrupt
		case a.is("adaptive"):
			mode = vnet.RxModeAdaptive
		default:
			return "", a.parseError()
		}
	}
	switch {
	case i == nil:
		return "", cliText("please specify valid interface name")
	case mode == vnet.RxModeUnknown:
		return "", cliText("please specify valid rx-mode")
	case v.dp.SetRxMode(i.SwIfIndex, which, mode) == nil:
		return "", nil
	case which != nil:
		return "", fmt.Errorf("unknown queue %d on interface %s", queue, i.Name)
	}
	return "", cliText(fmt.Sprintf("unable to set rx-mode on interface %s queue-id %d.", i.Name, invalidIndex))
}

func cliSetInterfaceRxPlacement(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	queue, worker, isMain := uint32(0), invalidIndex, false
	for a.more() {
		switch {
		case a.iface(&i):
		case a.number("queue", &queue):
		case a.is("main"):
			isMain = true
		case a.number("worker", &worker):
		default:
			return "", a.parseError()
		}
	}
	switch {
	case i == nil:
		return "", cliText("please specify valid interface name")
	case worker == invalidIndex && !isMain, !isMain && worker > 0 && int(worker) >= v.dp.Workers():
		return "", cliText("please specify valid worker thread or main")
	case v.dp.SetRxPlacement(i.SwIfIndex, queue, worker, isMain) != nil:
		return "", fmt.Errorf("unknown queue %d on interface %s", queue, i.Name)
	}
	return "", nil
}

func cliSetInterfaceTxQueue(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	var queue uint32
	var threads []uint32
	list := ""
	for a.more() {
		switch {
		case a.iface(&i):
		case a.number("queue", &queue):
		case a.text("threads", &list):
			var err error
			if threads, err = parseBitmapList(list); err != nil {
				return "", err
			}
		default:
			return "", a.parseError()
		}
	}
	if i == nil {
		return "", cliText("please specify valid interface name")
	}
	switch err := v.dp.SetTxPlacement(i.SwIfIndex, queue, threads); {
	case errors.Is(err, vnet.ErrInvalidValue):
		return "", fmt.Errorf("please specify valid thread(s) - last thread index %d", threads[len(threads)-1])
	case err != nil:
		return "", fmt.Errorf("unknown queue %d on interface %s", queue, i.Name)
	}
	return "", nil
}

// parseBitmapList reads numbers and ranges, such as "0,2-4"
// (unformat_bitmap_list in src/vppinfra/bitmap.c).
func parseBitmapList(s string) ([]uint32, error) {
	var out []uint32
	for _, part := range strings.Split(s, ",") {
		first, last, ranged := strings.Cut(part, "-")
		if !ranged {
			last = first
		}
		from, err1 := strconv.ParseUint(first, 10, 16)
		to, err2 := strconv.ParseUint(last, 10, 16)
		if err1 != nil || err2 != nil || to < from {
			return nil, fmt.Errorf("parse error: 'threads %s'", s)
		}
		for n := from; n <= to; n++ {
			out = append(out, uint32(n))
		}
	}
	return out, nil
}
