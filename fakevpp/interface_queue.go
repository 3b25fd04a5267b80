package fakevpp

import "github.com/vpptwin/vpptwin/sim/vnet"

// interfaceQueueHandlers are the messages of src/vnet/interface.api about
// queues.
var interfaceQueueHandlers = []handler{
	reply("sw_interface_set_rx_mode", (*VPP).swInterfaceSetRxMode),
	reply("sw_interface_set_rx_placement", (*VPP).swInterfaceSetRxPlacement),
	dump("sw_interface_rx_placement_dump", "sw_interface_rx_placement_details", (*VPP).swInterfaceRxPlacementDump),
	reply("sw_interface_set_tx_placement", (*VPP).swInterfaceSetTxPlacement),
	get("sw_interface_tx_placement_get", "sw_interface_tx_placement_details", (*VPP).swInterfaceTxPlacementGet),
}

type swInterfaceSetRxMode struct {
	SwIfIndex    uint32
	QueueIDValid bool
	QueueID      uint32
	Mode         uint32
}

func (v *VPP) swInterfaceSetRxMode(_ *call, req *swInterfaceSetRxMode) error {
	var queue *uint32
	if req.QueueIDValid {
		queue = &req.QueueID
	}
	return v.dp.SetRxMode(req.SwIfIndex, queue, vnet.RxMode(req.Mode))
}

type swInterfaceSetRxPlacement struct {
	SwIfIndex, QueueID, WorkerID uint32
	IsMain                       bool
}

func (v *VPP) swInterfaceSetRxPlacement(_ *call, req *swInterfaceSetRxPlacement) error {
	return v.dp.SetRxPlacement(req.SwIfIndex, req.QueueID, req.WorkerID, req.IsMain)
}

type swInterfaceRxPlacementDetails struct {
	SwIfIndex, QueueID, WorkerID uint32
	Mode                         uint32
}

// swInterfaceRxPlacementDump lists the queues of one interface, or with ~0 of
// all. Its worker_id is the thread: 0 is the main thread.
func (v *VPP) swInterfaceRxPlacementDump(_ *call, req *swIfIndexOnly, emit func(*swInterfaceRxPlacementDetails)) error {
	for _, q := range v.dp.RxPlacements() {
		if req.SwIfIndex == invalidIndex || req.SwIfIndex == q.SwIfIndex {
			emit(&swInterfaceRxPlacementDetails{SwIfIndex: q.SwIfIndex, QueueID: q.ID, WorkerID: q.Thread, Mode: uint32(q.Mode)})
		}
	}
	return nil
}

type swInterfaceSetTxPlacement struct {
	SwIfIndex, QueueID uint32
	Threads            []uint32
}

func (v *VPP) swInterfaceSetTxPlacement(_ *call, req *swInterfaceSetTxPlacement) error {
	return v.dp.SetTxPlacement(req.SwIfIndex, req.QueueID, req.Threads)
}

type swInterfaceTxPlacementDetails struct {
	SwIfIndex, QueueID uint32
	Shared             uint8
	Threads            []uint32
}

func (v *VPP) swInterfaceTxPlacementGet(_ *call, req *swIfIndexOnly, emit func(*swInterfaceTxPlacementDetails)) error {
	found := false
	v.dp.Interfaces(func(i *vnet.Interface) bool {
		found = len(i.Hw.TxQueues) > 0
		return !found
	})
	if !found {
		return vnet.ErrNoSuchEntry
	}
	if req.SwIfIndex != invalidIndex {
		i, err := v.interfaceOf(req.SwIfIndex)
		if err == nil {
			emitTxQueues(i, emit)
		}
		return err
	}
	v.dp.Interfaces(func(i *vnet.Interface) bool {
		emitTxQueues(i, emit)
		return true
	})
	return nil
}

func emitTxQueues(i *vnet.Interface, emit func(*swInterfaceTxPlacementDetails)) {
	for _, q := range i.Hw.TxQueues {
		d := &swInterfaceTxPlacementDetails{SwIfIndex: i.SwIfIndex, QueueID: q.ID, Threads: q.Threads}
		if q.Shared {
			d.Shared = 1
		}
		emit(d)
	}
}
