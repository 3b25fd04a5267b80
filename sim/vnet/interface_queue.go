package vnet

import (
	"cmp"
	"slices"
)

// SetWorkers tells how many worker threads queues can be placed on (VPP's
// start-up option "cpu { workers n }"); packets run on the caller's goroutine
// all the same.
func (m *Main) SetWorkers(n int) { m.devices.workers = n }

// Workers is the number set with SetWorkers.
func (m *Main) Workers() int { return m.devices.workers }

// addQueues gives a device its queues: receive queues go to the workers in
// turn, transmit queues are dealt to all threads.
func (m *Main) addQueues(hw *HwInterface, rx, tx int) {
	hw.RxQueues, hw.TxQueues = nil, nil
	for id := range rx {
		hw.RxQueues = append(hw.RxQueues, RxQueue{ID: uint32(id), Thread: m.nextRxThread(), Mode: hw.RxMode})
	}
	for id := range tx {
		hw.TxQueues = append(hw.TxQueues, TxQueue{ID: uint32(id)})
	}
	if tx == 0 {
		return
	}
	for t := range m.devices.workers + 1 {
		q := &hw.TxQueues[t%tx]
		q.Threads = append(q.Threads, uint32(t))
		q.Shared = len(q.Threads) > 1
	}
}

// nextRxThread takes the workers in turn (vnet_hw_if_register_rx_queue with
// VNET_HW_IF_RXQ_THREAD_ANY); the main thread serves when there are none.
func (m *Main) nextRxThread() uint32 {
	d := &m.devices
	if d.workers == 0 {
		return 0
	}
	t := d.nextThread
	d.nextThread = (d.nextThread + 1) % d.workers
	return uint32(t + 1)
}

// SetRxMode sets how one receive queue is served, or all of them when queue is
// nil; RxModeDefault takes the interface's default. ErrUnimplemented says that
// there is no such queue or that the driver refuses
// (set_hw_interface_change_rx_mode in src/vnet/interface_cli.c).
func (m *Main) SetRxMode(swIfIndex uint32, queue *uint32, mode RxMode) error {
	i, err := m.mustInterface(swIfIndex)
	if err != nil {
		return err
	}
	hw := i.Hw
	if mode == RxModeDefault {
		mode = hw.RxMode
	}
	if queue != nil && !hw.hasRxQueue(*queue) {
		return ErrUnimplemented
	}
	for k := range hw.RxQueues {
		q := &hw.RxQueues[k]
		if queue != nil && q.ID != *queue || q.Mode == mode {
			continue
		}
		if err := hw.Driver.SetRxMode(hw, q.ID, mode); err != nil {
			return ErrUnimplemented
		}
		q.Mode = mode
	}
	return nil
}

func (hw *HwInterface) hasRxQueue(id uint32) bool {
	return slices.ContainsFunc(hw.RxQueues, func(q RxQueue) bool { return q.ID == id })
}

// SetRxPlacement makes a thread serve a receive queue: the main thread, or the
// worker with the given number from 0. Without workers worker 0 is the main
// thread. ErrUnimplemented says that there is no such thread or queue
// (set_hw_interface_rx_placement).
func (m *Main) SetRxPlacement(swIfIndex, queue, worker uint32, isMain bool) error {
	i, err := m.mustInterface(swIfIndex)
	if err != nil {
		return err
	}
	thread := worker
	switch {
	case isMain:
		thread = 0
	case m.devices.workers > 0:
		thread = worker + 1
	}
	if uint64(thread) > uint64(m.devices.workers) || !i.Hw.hasRxQueue(queue) {
		return ErrUnimplemented
	}
	for k := range i.Hw.RxQueues {
		if q := &i.Hw.RxQueues[k]; q.ID == queue {
			q.Thread = thread
		}
	}
	return nil
}

// SetTxPlacement makes threads send on a transmit queue; no threads leaves the
// queue to nobody. ErrInvalidValue says that a thread does not exist,
// ErrInvalidQueue that the queue does not (set_hw_interface_tx_queue).
func (m *Main) SetTxPlacement(swIfIndex, queue uint32, threads []uint32) error {
	i, err := m.mustInterface(swIfIndex)
	if err != nil {
		return err
	}
	set := append([]uint32(nil), threads...) // none are nil
	slices.Sort(set)
	set = slices.Compact(set)
	if n := len(set); n > 0 && uint64(set[n-1]) > uint64(m.devices.workers) {
		return ErrInvalidValue
	}
	for k := range i.Hw.TxQueues {
		if q := &i.Hw.TxQueues[k]; q.ID == queue {
			q.Threads, q.Shared = set, len(set) > 1
			return nil
		}
	}
	return ErrInvalidQueue
}

// RxPlacement is one receive queue and who serves it.
type RxPlacement struct {
	SwIfIndex uint32
	RxQueue
}

// RxPlacements lists the receive queues of all interfaces by thread, device and
// queue (vnet_hw_if_rxq_cmp_cli_api).
func (m *Main) RxPlacements() []RxPlacement {
	var out []RxPlacement
	for _, hw := range m.hw {
		if hw == nil {
			continue
		}
		for _, q := range hw.RxQueues {
			out = append(out, RxPlacement{SwIfIndex: hw.SwIfIndex, RxQueue: q})
		}
	}
	slices.SortStableFunc(out, func(a, b RxPlacement) int { return cmp.Compare(a.Thread, b.Thread) })
	return out
}
