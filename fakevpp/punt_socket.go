package fakevpp

import (
	"encoding/binary"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// apiPunt is vl_api_punt_t; what the bytes mean depends on the type.
type apiPunt struct {
	Type uint32
	Punt [4]byte
}

// registration decodes a punt (vl_api_punt_decode in src/vnet/ip/punt_api.c).
func (p *apiPunt) registration(dp *vnet.Main) (vnet.PuntRegistration, error) {
	if p.Type > puntTypeException {
		return vnet.PuntRegistration{}, vnet.ErrUnspecified
	}
	r := vnet.PuntRegistration{Type: vnet.PuntType(p.Type)}
	if r.Type == vnet.PuntException {
		r.Reason = binary.BigEndian.Uint32(p.Punt[:])
		if dp.PuntReason(r.Reason) == nil {
			return r, vnet.ErrUnspecified
		}
		return r, nil
	}
	var err error
	r.Proto, err = familyOf(p.Punt[0])
	r.Upper = p.Punt[1]
	if r.Type == vnet.PuntL4 {
		r.Port = binary.BigEndian.Uint16(p.Punt[2:])
	}
	return r, err
}

func encodePunt(r *vnet.PuntRegistration) apiPunt {
	out := apiPunt{}
	switch r.Type {
	case vnet.PuntException:
		out.Type = puntTypeException
		binary.BigEndian.PutUint32(out.Punt[:], r.Reason)
		return out
	case vnet.PuntIPProto:
		out.Type = puntTypeIPProto
	default:
		out.Type = puntTypeL4
		binary.BigEndian.PutUint16(out.Punt[2:], r.Port)
	}
	out.Punt[0], out.Punt[1] = uint8(r.Proto), r.Upper
	return out
}

// puntHeaderVersion is the version of the descriptor in front of a packet on a
// punt socket (PUNT_PACKETDESC_VERSION).
const puntHeaderVersion = 1

type puntSocketRegister struct {
	HeaderVersion uint32
	Punt          apiPunt
	Pathname      string
}

type puntSocketRegisterReply struct{ Pathname string }

// puntSocketRegister answers with the path of the socket that packets come from.
// VPP does not answer at all when it cannot make sense of the punt.
func (v *VPP) puntSocketRegister(_ *call, req *puntSocketRegister, rep *puntSocketRegisterReply) error {
	rep.Pathname = v.dp.PuntSocketPath()
	if rep.Pathname != "" && req.HeaderVersion != puntHeaderVersion {
		return vnet.ErrUnspecified
	}
	r, err := req.Punt.registration(v.dp)
	if err != nil {
		return err
	}
	return v.dp.AddPuntSocket(r, req.Pathname)
}

type puntSocketDeregister struct{ Punt apiPunt }

func (v *VPP) puntSocketDeregister(_ *call, req *puntSocketDeregister) error {
	r, err := req.Punt.registration(v.dp)
	if err != nil {
		return err
	}
	return v.dp.DeletePuntSocket(r)
}

type puntSocketDump struct{ Type uint32 }

type puntSocketDetails struct {
	Punt     apiPunt
	Pathname string
}

func (v *VPP) puntSocketDump(_ *call, req *puntSocketDump, emit func(*puntSocketDetails)) error {
	if req.Type > puntTypeException {
		return nil
	}
	v.dp.PuntSockets(vnet.PuntType(req.Type), func(c *vnet.PuntClient) {
		emit(&puntSocketDetails{encodePunt(&c.PuntRegistration), c.Path})
	})
	return nil
}

// puntDefault is what the punt commands start from.
func puntDefault() vnet.PuntRegistration {
	return vnet.PuntRegistration{Proto: fib.IP4, Upper: 17, Port: 0xffff}
}
