package fakevpp

import (
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// Kinds, flags and protocols of API paths (src/vnet/fib/fib_types.api).
const (
	pathTypeNormal       = 0
	pathTypeLocal        = 1
	pathTypeDrop         = 2
	pathTypeUDPEncap     = 3
	pathTypeBIERImp      = 4
	pathTypeUnreach      = 5
	pathTypeProhibit     = 6
	pathTypeSourceLookup = 7
	pathTypeDVR          = 8
	pathTypeInterfaceRx  = 9
	pathTypeClassify     = 10

	pathFlagViaAttached = 1
	pathFlagViaHost     = 2
)

// fibPath is vl_api_fib_path_t.
type fibPath struct {
	SwIfIndex, TableID, RpfID uint32
	Weight, Preference        uint8
	Type, Flags, Proto        uint32
	Nh                        fibPathNh
}

type fibPathNh struct {
	Address            [16]byte
	ClassifyTableIndex uint32
}

// protoOf turns the API's address family or is_ip6 into the FIB's protocol.
func protoOf(ip6 bool) fib.Proto {
	if ip6 {
		return fib.IP6
	}
	return fib.IP4
}

// familyOf is protoOf for an address family: ErrInvalidAddressFamily for a
// number that is none.
func familyOf(af uint8) (fib.Proto, error) {
	if af > 1 {
		return 0, vnet.ErrInvalidAddressFamily
	}
	return fib.Proto(af), nil
}

// nextHop decodes the address of a path, invalid for all zeros.
func (p *fibPath) nextHop() netip.Addr {
	if p.Proto == 0 {
		if a := [4]byte(p.Nh.Address[:4]); a != [4]byte{} {
			return netip.AddrFrom4(a)
		}
		return netip.Addr{}
	}
	if p.Nh.Address == [16]byte{} {
		return netip.Addr{}
	}
	return netip.AddrFrom16(p.Nh.Address)
}

// decode turns an API path into the FIB's. The errors are those of
// fib_api_path_decode (src/vnet/fib/fib_api.c): ErrNoSuchFIB for a recursive
// path or a lookup in an unknown table, ErrNoMatchingInterface,
// ErrNoSuchTable for a classify table.
func (p *fibPath) decode(f *fib.FIB, exists func(swIf uint32) bool) (fib.Path, error) {
	out := fib.Path{SwIf: fib.InvalidIndex, FibIndex: fib.InvalidIndex, RPFID: fib.InvalidIndex,
		Weight: max(p.Weight, 1), Preference: p.Preference}
	if p.Proto > 1 {
		return out, vnet.ErrUnimplemented // MPLS, Ethernet and BIER
	}
	out.Proto = fib.Proto(p.Proto)
	if p.Flags&pathFlagViaHost != 0 {
		out.Flags |= fib.PathResolveViaHost
	}
	if p.Flags&pathFlagViaAttached != 0 {
		out.Flags |= fib.PathResolveViaAttached
	}
	switch p.Type {
	case pathTypeDVR:
		out.SwIf = p.SwIfIndex
		out.Flags |= fib.PathDVR
	case pathTypeInterfaceRx:
		out.SwIf = p.SwIfIndex
		out.Flags |= fib.PathInterfaceRx
	case pathTypeDrop:
		out.Flags |= fib.PathDrop
	case pathTypeLocal:
		out.SwIf = p.SwIfIndex
		out.Flags |= fib.PathLocal
	case pathTypeUnreach:
		out.Flags |= fib.PathUnreachable
	case pathTypeProhibit:
		out.Flags |= fib.PathProhibit
	case pathTypeClassify:
		out.Classify = p.Nh.ClassifyTableIndex
		out.Flags |= fib.PathClassify
	case pathTypeUDPEncap, pathTypeBIERImp:
		return out, vnet.ErrUnimplemented
	default:
		if p.Type > pathTypeClassify { // VPP leaves its zeros: attached to local0
			out.SwIf, out.FibIndex = 0, 0
			return out, nil
		}
		if p.Type == pathTypeSourceLookup {
			out.Flags |= fib.PathSourceLookup
		}
		return out, p.decodeNormal(f, exists, &out)
	}
	return out, nil
}

func (p *fibPath) decodeNormal(f *fib.FIB, exists func(uint32) bool, out *fib.Path) error {
	out.NextHop, out.SwIf = p.nextHop(), p.SwIfIndex
	if p.RpfID != 0 && p.RpfID != fib.InvalidIndex {
		out.RPFID = p.RpfID
		out.Flags |= fib.PathRPFID
	}
	if out.SwIf != fib.InvalidIndex {
		if !exists(out.SwIf) {
			return vnet.ErrNoMatchingInterface
		}
		return nil
	}
	var ok bool
	if out.Flags&fib.PathRPFID != 0 {
		out.FibIndex, ok = f.FindMTable(out.Proto, p.TableID)
	} else {
		out.FibIndex, ok = f.FindTable(out.Proto, p.TableID)
	}
	if !ok {
		return vnet.ErrNoSuchFIB
	}
	if !out.NextHop.IsValid() {
		out.Flags |= fib.PathDeag
	}
	return nil
}

// decodePaths decodes a route's paths.
func (v *VPP) decodePaths(in []fibPath) ([]fib.Path, error) {
	if len(in) == 0 {
		return nil, nil
	}
	out := make([]fib.Path, len(in))
	for i := range in {
		var err error
		if out[i], err = in[i].decode(v.dp.FIB, v.interfaceExists); err != nil {
			return nil, err
		}
		if out[i].Flags&fib.PathClassify != 0 && v.dp.ClassifyTable(out[i].Classify) == nil {
			return nil, vnet.ErrNoSuchTable
		}
	}
	return out, nil
}

func (v *VPP) interfaceExists(swIf uint32) bool { return v.dp.Interface(swIf) != nil }

// encodePaths turns paths into the API's (fib_api_path_encode).
func (v *VPP) encodePaths(paths []fib.Path) []fibPath {
	out := make([]fibPath, len(paths))
	for i := range paths {
		out[i] = v.encodePath(&paths[i])
	}
	return out
}

func (v *VPP) encodePath(p *fib.Path) fibPath {
	out := fibPath{SwIfIndex: p.SwIf, Weight: p.Weight, Preference: p.Preference, Proto: uint32(p.Proto)}
	switch {
	case p.NextHop.Is4():
		a := p.NextHop.As4()
		copy(out.Nh.Address[:], a[:])
	case p.NextHop.IsValid():
		out.Nh.Address = p.NextHop.As16()
	}
	if p.FibIndex != 0 && p.FibIndex != fib.InvalidIndex {
		if p.Flags&fib.PathRPFID != 0 {
			out.TableID = v.dp.FIB.MTable(p.Proto, p.FibIndex).ID
		} else {
			out.TableID = v.dp.FIB.Table(p.Proto, p.FibIndex).ID
		}
	}
	switch {
	case p.Flags&fib.PathDVR != 0:
		out.Type = pathTypeDVR
	case p.Flags&fib.PathUnreachable != 0:
		out.Type = pathTypeUnreach
	case p.Flags&fib.PathProhibit != 0:
		out.Type = pathTypeProhibit
	case p.Flags&fib.PathLocal != 0:
		out.Type = pathTypeLocal
	case p.Flags&fib.PathDrop != 0:
		out.Type = pathTypeDrop
	case p.Flags&fib.PathInterfaceRx != 0:
		out.Type = pathTypeInterfaceRx
	default:
		out.Type = pathTypeNormal
	}
	return out
}
