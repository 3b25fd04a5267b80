package fakevpp

import (
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// memifHandlers are the messages of src/plugins/memif/memif.api.
var memifHandlers = []handler{
	reply("memif_socket_filename_add_del", (*VPP).memifSocketFilenameAddDel),
	replyWith("memif_socket_filename_add_del_v2", (*VPP).memifSocketFilenameAddDelV2),
	dump("memif_socket_filename_dump", "memif_socket_filename_details", (*VPP).memifSocketFilenameDump),
	replyWith("memif_create", (*VPP).memifCreate),
	replyWith("memif_create_v2", (*VPP).memifCreateV2),
	reply("memif_delete", (*VPP).memifDelete),
	dump("memif_dump", "memif_details", (*VPP).memifDump),
}

type memifSocketFilenameAddDel struct {
	IsAdd          bool
	SocketID       uint32
	SocketFilename string
}

func (v *VPP) memifSocketFilenameAddDel(_ *call, req *memifSocketFilenameAddDel) error {
	if req.SocketID == 0 || req.SocketID == invalidIndex {
		return vnet.ErrInvalidArgument
	}
	return v.changeMemifSocket(req.IsAdd, req.SocketID, req.SocketFilename)
}

type memifSocketFilenameAddDelV2Reply struct{ SocketID uint32 }

// memifSocketFilenameAddDelV2 draws a number for ~0.
func (v *VPP) memifSocketFilenameAddDelV2(_ *call, req *memifSocketFilenameAddDel, rep *memifSocketFilenameAddDelV2Reply) error {
	id := req.SocketID
	if req.IsAdd && id == invalidIndex {
		id = v.dp.UnusedMemifSocketID()
	}
	rep.SocketID = id
	if id == 0 {
		return vnet.ErrInvalidArgument
	}
	return v.changeMemifSocket(req.IsAdd, id, req.SocketFilename)
}

func (v *VPP) changeMemifSocket(add bool, id uint32, filename string) error {
	if add {
		return v.dp.AddMemifSocket(id, filename)
	}
	return v.dp.DeleteMemifSocket(id)
}

type memifSocketFilenameDetails struct {
	SocketID       uint32
	SocketFilename string
}

// memifSocketFilenameDump lists the sockets in the order in which they were
// added; VPP's order is that of a hash table.
func (v *VPP) memifSocketFilenameDump(_ *call, _ *empty, emit func(*memifSocketFilenameDetails)) error {
	const maxName = 107
	for _, s := range v.dp.MemifSockets() {
		emit(&memifSocketFilenameDetails{SocketID: s.ID, SocketFilename: s.Filename[:min(len(s.Filename), maxName)]})
	}
	return nil
}

type memifCreate struct {
	Role, Mode             uint32
	RxQueues, TxQueues     uint8
	ID, SocketID, RingSize uint32
	BufferSize             uint16
	NoZeroCopy             bool
	HwAddr                 packet.MAC
	Secret                 string
}

type memifCreateV2 struct {
	memifCreate
	UseDMA bool
}

func (v *VPP) memifCreate(_ *call, req *memifCreate, rep *swIfIndexReply) error {
	return v.createMemif(req, false, rep)
}

func (v *VPP) memifCreateV2(_ *call, req *memifCreateV2, rep *swIfIndexReply) error {
	return v.createMemif(&req.memifCreate, req.UseDMA, rep)
}

// createMemif leaves sw_if_index 0 in the reply of a failure, as VPP does. Every
// role but MASTER, which is 0, is a slave.
func (v *VPP) createMemif(req *memifCreate, dma bool, rep *swIfIndexReply) error {
	mif, err := v.dp.AddMemif(vnet.MemifConfig{ID: req.ID, SocketID: req.SocketID, Slave: req.Role != 0,
		Mode: vnet.MemifMode(min(req.Mode, 255)), Secret: req.Secret, RxQueues: int(req.RxQueues), TxQueues: int(req.TxQueues),
		RingSize: req.RingSize, BufferSize: req.BufferSize, NoZeroCopy: req.NoZeroCopy, DMA: dma, MAC: req.HwAddr})
	if err == nil {
		rep.SwIfIndex = mif.Interface.SwIfIndex
	}
	return err
}

func (v *VPP) memifDelete(_ *call, req *swIfIndexOnly) error { return v.dp.DeleteMemif(req.SwIfIndex) }

type memifDetails struct {
	SwIfIndex  uint32
	HwAddr     packet.MAC
	ID         uint32
	Role, Mode uint32
	ZeroCopy   bool
	SocketID   uint32
	RingSize   uint32
	BufferSize uint16
	Flags      uint32
	IfName     string
}

func (v *VPP) memifDump(_ *call, _ *empty, emit func(*memifDetails)) error {
	for _, mif := range v.dp.Memifs() {
		c, i := &mif.Config, mif.Interface
		d := &memifDetails{SwIfIndex: i.SwIfIndex, HwAddr: i.Hw.MAC, ID: c.ID, Mode: uint32(c.Mode),
			ZeroCopy: c.Slave && !c.NoZeroCopy, SocketID: c.SocketID, RingSize: mif.RingSize, BufferSize: mif.BufferSize,
			Flags: ifStatus(i), IfName: i.Name}
		if c.Slave {
			d.Role = 1
		}
		emit(d)
	}
	return nil
}
