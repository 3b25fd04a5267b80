package fakevpp

import (
	"github.com/vpptwin/vpptwin/sim/classify"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// classifyHandlers are the messages of src/vnet/classify/classify.api about
// tables and sessions; see classify_users.go for the rest.
var classifyHandlers = []handler{
	replyWith("classify_add_del_table", (*VPP).classifyAddDelTable),
	reply("classify_add_del_session", (*VPP).classifyAddDelSession),
	replyWith("classify_table_ids", (*VPP).classifyTableIDs),
	replyWith("classify_table_info", (*VPP).classifyTableInfo),
	dump("classify_session_dump", "classify_session_details", (*VPP).classifySessionDump),
	replyWith("classify_trace_lookup_table", (*VPP).classifyTraceLookup),
	replyWith("classify_trace_set_table", (*VPP).classifyTraceSet),
	replyWith("classify_trace_get_tables", (*VPP).classifyTraceGet),
	replyWith("classify_pcap_lookup_table", (*VPP).classifyPCAPLookup),
	replyWith("classify_pcap_set_table", (*VPP).classifyPCAPSet),
	replyWith("classify_pcap_get_tables", (*VPP).classifyPCAPGet),
}

type classifyAddDelTable struct {
	IsAdd, DelChain                                               bool
	TableIndex, Nbuckets, MemorySize, SkipNVectors, MatchNVectors uint32
	NextTableIndex, MissNextIndex                                 uint32
	CurrentDataFlag                                               uint8
	CurrentDataOffset                                             int16
	Mask                                                          []byte
}

type classifyAddDelTableReply struct{ NewTableIndex, SkipNVectors, MatchNVectors uint32 }

// classifyAddDelTable makes a table, changes the next table of one that exists
// (all that VPP changes), or deletes; an add with the number of a free table
// makes a new one.
func (v *VPP) classifyAddDelTable(_ *call, req *classifyAddDelTable, rep *classifyAddDelTableReply) error {
	*rep = classifyAddDelTableReply{invalidIndex, invalidIndex, invalidIndex}
	if uint64(len(req.Mask)) != uint64(req.MatchNVectors)*classify.VectorSize {
		return vnet.ErrInvalidValue
	}
	t := v.dp.ClassifyTable(req.TableIndex)
	if !req.IsAdd {
		if t == nil {
			return vnet.ErrNoSuchTable
		}
		v.dp.DeleteClassifyTable(req.TableIndex, req.DelChain)
		return nil
	}
	if t != nil {
		t.Next = req.NextTableIndex
	} else {
		var err error
		if t, err = v.dp.AddClassifyTable(req.config()); err != nil {
			return err
		}
	}
	*rep = classifyAddDelTableReply{t.Index, t.Skip, t.Match}
	return nil
}

func (req *classifyAddDelTable) config() classify.Config {
	return classify.Config{Mask: req.Mask, Buckets: req.Nbuckets, MemorySize: req.MemorySize, Skip: req.SkipNVectors,
		Match: req.MatchNVectors, Next: req.NextTableIndex, MissNext: req.MissNextIndex,
		CurrentData: req.CurrentDataFlag, CurrentOffset: req.CurrentDataOffset}
}

type classifyAddDelSession struct {
	IsAdd                                 bool
	TableIndex, HitNextIndex, OpaqueIndex uint32
	Advance                               int32
	Action                                uint8
	Metadata                              uint32
	Match                                 []byte
}

// classifyAddDelSession takes only the low 16 bits of the next index, as VPP
// does.
func (v *VPP) classifyAddDelSession(_ *call, req *classifyAddDelSession) error {
	t := v.dp.ClassifyTable(req.TableIndex)
	switch {
	case t == nil:
		return vnet.ErrNoSuchTable
	case uint64(len(req.Match)) != (uint64(t.Skip)+uint64(t.Match))*classify.VectorSize:
		return vnet.ErrInvalidValue
	case !req.IsAdd:
		return v.dp.DeleteClassifySession(req.TableIndex, req.Match)
	}
	return v.dp.AddClassifySession(req.TableIndex, req.Match, classify.Session{Next: uint16(req.HitNextIndex),
		Opaque: req.OpaqueIndex, Advance: req.Advance, Action: classify.Action(req.Action), Metadata: req.Metadata})
}

type classifyTableIDsReply struct {
	IDs []uint32 `api:"ids"`
}

func (v *VPP) classifyTableIDs(_ *call, _ *empty, rep *classifyTableIDsReply) error {
	v.dp.ClassifyTables(func(t *classify.Table) { rep.IDs = append(rep.IDs, t.Index) })
	return nil
}

type classifyTableID struct {
	TableID uint32 `api:"table_id"`
}

type classifyTableInfoReply struct {
	TableID        uint32 `api:"table_id"`
	Nbuckets       uint32
	MatchNVectors  uint32
	SkipNVectors   uint32
	ActiveSessions uint32
	NextTableIndex uint32
	MissNextIndex  uint32
	Mask           []byte
}

func (v *VPP) classifyTableInfo(_ *call, req *classifyTableID, rep *classifyTableInfoReply) error {
	t := v.dp.ClassifyTable(req.TableID)
	if t == nil {
		return vnet.ErrClassifyTableNotFound
	}
	*rep = classifyTableInfoReply{TableID: t.Index, Nbuckets: t.Buckets, MatchNVectors: t.Match, SkipNVectors: t.Skip,
		ActiveSessions: uint32(t.Sessions), NextTableIndex: t.Next, MissNextIndex: t.MissNext, Mask: t.Mask}
	return nil
}

type classifySessionDetails struct {
	TableID      uint32 `api:"table_id"`
	HitNextIndex uint32
	Advance      int32
	OpaqueIndex  uint32
	Match        []byte
}

// classifySessionDump gives the match without the bytes that the table skips.
func (v *VPP) classifySessionDump(_ *call, req *classifyTableID, emit func(*classifySessionDetails)) error {
	t := v.dp.ClassifyTable(req.TableID)
	if t == nil {
		return nil
	}
	t.Each(func(s *classify.Session) {
		emit(&classifySessionDetails{t.Index, uint32(s.Next), s.Advance, s.Opaque, s.AppendKey(nil, t.Window())})
	})
	return nil
}

type classifyLookupTable struct {
	SkipNVectors, MatchNVectors uint32
	Mask                        []byte
}

type classifyPCAPLookup struct {
	SwIfIndex                   uint32
	SkipNVectors, MatchNVectors uint32
	Mask                        []byte
}

type classifyTableReply struct{ TableIndex uint32 }

func (req *classifyLookupTable) valid() bool {
	return req.SkipNVectors <= 5 && req.MatchNVectors >= 1 && req.MatchNVectors <= classify.MaxMatch &&
		len(req.Mask) == int(req.MatchNVectors)*classify.VectorSize
}

func (v *VPP) classifyTraceLookup(_ *call, req *classifyLookupTable, rep *classifyTableReply) error {
	rep.TableIndex = invalidIndex
	if !req.valid() {
		return vnet.ErrInvalidValue
	}
	rep.TableIndex = v.dp.ClassifyLookupMask(v.dp.ClassifyTraceChain(), req.Mask, req.SkipNVectors, req.MatchNVectors)
	return nil
}

func (v *VPP) classifyPCAPLookup(_ *call, req *classifyPCAPLookup, rep *classifyTableReply) error {
	rep.TableIndex = invalidIndex
	same := classifyLookupTable{req.SkipNVectors, req.MatchNVectors, req.Mask}
	if !same.valid() || req.SwIfIndex >= v.dp.ClassifyPCAPLimit() {
		return vnet.ErrInvalidValue
	}
	rep.TableIndex = v.dp.ClassifyLookupMask(v.dp.ClassifyPCAPChain(req.SwIfIndex), req.Mask, req.SkipNVectors, req.MatchNVectors)
	return nil
}

type classifySetTable struct {
	TableIndex uint32
	SortMasks  bool
}

type classifyPCAPSetTable struct {
	SwIfIndex, TableIndex uint32
	SortMasks             bool
}

// sortedChain is the head of the chain that a request names, in order if it asks for
// that; ErrInvalidValue for a table that does not exist.
func (v *VPP) sortedChain(req *classifySetTable) (uint32, error) {
	switch {
	case req.TableIndex == invalidIndex:
		return invalidIndex, nil
	case v.dp.ClassifyTable(req.TableIndex) == nil:
		return req.TableIndex, vnet.ErrInvalidValue
	case req.SortMasks:
		return v.dp.SortClassifyChain(req.TableIndex), nil
	}
	return req.TableIndex, nil
}

func (v *VPP) classifyTraceSet(_ *call, req *classifySetTable, rep *classifyTableReply) error {
	var err error
	if rep.TableIndex, err = v.sortedChain(req); err == nil {
		v.dp.SetClassifyTraceChain(rep.TableIndex)
	}
	return err
}

// classifyPCAPSet refuses an interface that does not exist, at whose number VPP
// reads beyond its tables.
func (v *VPP) classifyPCAPSet(_ *call, req *classifyPCAPSetTable, rep *classifyTableReply) error {
	rep.TableIndex = req.TableIndex
	if !v.interfaceExists(req.SwIfIndex) {
		return vnet.ErrInvalidValue
	}
	var err error
	if rep.TableIndex, err = v.sortedChain(&classifySetTable{req.TableIndex, req.SortMasks}); err == nil {
		v.dp.SetClassifyPCAPChain(req.SwIfIndex, rep.TableIndex)
	}
	return err
}

type classifyTablesReply struct{ Indices []uint32 }

func (v *VPP) classifyTraceGet(_ *call, _ *empty, rep *classifyTablesReply) error {
	rep.Indices = v.dp.ClassifyChain(v.dp.ClassifyTraceChain())
	return nil
}

type swIfIndexRequest struct{ SwIfIndex uint32 }

func (v *VPP) classifyPCAPGet(_ *call, req *swIfIndexRequest, rep *classifyTablesReply) error {
	if req.SwIfIndex >= v.dp.ClassifyPCAPLimit() {
		return vnet.ErrInvalidValue
	}
	rep.Indices = v.dp.ClassifyChain(v.dp.ClassifyPCAPChain(req.SwIfIndex))
	return nil
}
