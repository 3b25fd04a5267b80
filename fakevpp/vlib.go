package fakevpp

import (
	"fmt"
	"os"
	"slices"

	"github.com/vpptwin/vpptwin/sim/vlib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// vlibHandlers are the messages of src/vlibmemory/vlib.api.
var vlibHandlers = []handler{
	replyWith("cli_inband", (*VPP).cliInband),
	replyWith("get_node_index", (*VPP).getNodeIndex),
	replyWith("add_node_next", (*VPP).addNodeNext),
	replyWith("get_next_index", (*VPP).getNextIndex),
	replyWith("show_threads", (*VPP).showThreads),
	replyWith("get_f64_endian_value", (*VPP).getF64EndianValue),
	replyWith("get_f64_increment_by_one", (*VPP).getF64IncrementByOne),
}

type cliInband struct{ Cmd string }

type cliInbandReply struct{ Reply string }

// cliInband runs a command. The reply is what VPP prints, the error's text
// included; a failed command is UNSPECIFIED (vlib_cli_input in src/vlib/cli.c).
func (v *VPP) cliInband(_ *call, req *cliInband, rep *cliInbandReply) error {
	text, err := v.runCLI(req.Cmd)
	rep.Reply = text
	if err != nil {
		rep.Reply += err.Error() + "\n"
		return vnet.ErrUnspecified
	}
	return nil
}

type getNodeIndex struct{ NodeName string }

type getNodeIndexReply struct{ NodeIndex uint32 }

func (v *VPP) getNodeIndex(_ *call, req *getNodeIndex, rep *getNodeIndexReply) error {
	rep.NodeIndex = ^uint32(0)
	node := v.dp.Graph.Node(req.NodeName)
	if node == nil {
		return vnet.ErrNoSuchNode
	}
	rep.NodeIndex = node.Index
	return nil
}

type nodeNext struct{ NodeName, NextName string }

type nodeNextReply struct{ NextIndex uint32 }

// nodePair finds both nodes of a request.
func (v *VPP) nodePair(req *nodeNext) (node, next *vlib.Node, err error) {
	if node = v.dp.Graph.Node(req.NodeName); node == nil {
		return nil, nil, vnet.ErrNoSuchNode
	}
	if next = v.dp.Graph.Node(req.NextName); next == nil {
		return nil, nil, vnet.ErrNoSuchNode2
	}
	return node, next, nil
}

// addNodeNext gives node a next slot that leads to next; a slot that exists
// already is returned (vlib_node_add_next in src/vlib/node.c).
func (v *VPP) addNodeNext(_ *call, req *nodeNext, rep *nodeNextReply) error {
	rep.NextIndex = ^uint32(0)
	node, next, err := v.nodePair(req)
	if err != nil {
		return err
	}
	rep.NextIndex = uint32(v.dp.Graph.AddNext(node, next.Name))
	return nil
}

func (v *VPP) getNextIndex(_ *call, req *nodeNext, rep *nodeNextReply) error {
	rep.NextIndex = ^uint32(0)
	node, next, err := v.nodePair(req)
	if err != nil {
		return err
	}
	slot := slices.Index(node.Nexts(), next.Name)
	if slot < 0 {
		return vnet.ErrNoSuchEntry
	}
	rep.NextIndex = uint32(slot)
	return nil
}

type threadData struct {
	ID, PID, CPUID, Core, CPUSocket uint32
	Name, Type                      string
}

type showThreadsReply struct{ ThreadData []threadData }

// showThreads lists the main thread and the workers of the option Workers, each
// on a core of its own.
func (v *VPP) showThreads(_ *call, _ *empty, rep *showThreadsReply) error {
	pid := uint32(os.Getpid())
	rep.ThreadData = append(rep.ThreadData, threadData{Name: "vpp_main", PID: pid})
	for i := range uint32(v.opts.workers) {
		rep.ThreadData = append(rep.ThreadData, threadData{
			ID: i + 1, PID: pid, CPUID: i + 1, Core: i + 1,
			Name: fmt.Sprintf("vpp_wk_%d", i), Type: "workers",
		})
	}
	return nil
}

type f64Endian struct{ F64One float64 }

type f64EndianReply struct{ F64OneResult float64 }

func (v *VPP) getF64EndianValue(_ *call, req *f64Endian, rep *f64EndianReply) error {
	rep.F64OneResult = 1
	if req.F64One != 1 {
		return vnet.ErrAPIEndianFailed
	}
	return nil
}

type f64Value struct{ F64Value float64 }

func (v *VPP) getF64IncrementByOne(_ *call, req, rep *f64Value) error {
	rep.F64Value = req.F64Value + 1
	return nil
}
