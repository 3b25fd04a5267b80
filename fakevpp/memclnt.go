package fakevpp

import (
	"cmp"
	"encoding/binary"
	"os"
	"slices"

	"github.com/vpptwin/vpptwin/fakevpp/schema"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// memclntHandlers are the messages of src/vlibmemory/memclnt.api: connections,
// and what a client asks before anything else.
var memclntHandlers = []handler{
	{name: "sockclnt_create", bind: bindSockclntCreate},
	{name: "sockclnt_delete", bind: bindSockclntDelete},
	replyWith("get_first_msg_id", (*VPP).getFirstMsgID),
	replyWith("api_versions", (*VPP).apiVersions),
	replyWith("control_ping", (*VPP).controlPing),
	reply("memclnt_keepalive", func(*VPP, *call, *empty) error { return nil }),
}

type sockclntCreate struct{ Name string }

// bindSockclntCreate answers with the message table, which is rendered once
// for all connections.
func bindSockclntCreate(b binding) (runner, error) {
	dec, err := schema.NewDecoder[sockclntCreate](b.req.Message)
	if err != nil {
		return nil, err
	}
	return func(v *VPP, c *call) error {
		req := new(sockclntCreate)
		if err := dec.Decode(c.msg, req); err != nil {
			return err
		}
		v.clients.setName(c.client, req.Name)
		c.begin(b.rep)
		out := binary.BigEndian.AppendUint32(c.out, 0) // response
		out = binary.BigEndian.AppendUint32(out, c.client.index)
		c.end(append(out, v.table.create...), nil)
		return nil
	}, nil
}

type sockclntDelete struct{ Index uint32 }

type sockclntDeleteReply struct{ Response int32 }

// bindSockclntDelete answers and ends the connection. VPP's response is 1 for
// success and -1 for an index that nobody has.
func bindSockclntDelete(b binding) (runner, error) {
	dec, enc, err := plans[sockclntDelete, sockclntDeleteReply](b.req, b.rep)
	if err != nil {
		return nil, err
	}
	return func(v *VPP, c *call) error {
		req := new(sockclntDelete)
		if err := dec.Decode(c.msg, req); err != nil {
			return err
		}
		response := int32(1)
		c.bye = req.Index == c.client.index
		if !c.bye {
			response = -1
		}
		c.begin(b.rep)
		c.end(enc.Append(c.out, &sockclntDeleteReply{response}, response))
		return nil
	}, nil
}

type getFirstMsgID struct{ Name string }

type getFirstMsgIDReply struct{ FirstMsgID uint16 }

// getFirstMsgID answers INVALID_VALUE, as VPP does for a module it has not
// loaded: a client adds a message's position in the API file to the first id,
// and bindings do not keep that order.
func (v *VPP) getFirstMsgID(_ *call, _ *getFirstMsgID, rep *getFirstMsgIDReply) error {
	rep.FirstMsgID = ^uint16(0)
	return vnet.ErrInvalidValue
}

type moduleVersion struct {
	Major, Minor, Patch uint32
	Name                string
}

type apiVersionsReply struct{ APIVersions []moduleVersion }

// apiVersions lists the modules of the table. Bindings do not carry the
// versions in a form that the registry gives out, hence zeros.
func (v *VPP) apiVersions(_ *call, _ *empty, rep *apiVersionsReply) error {
	seen := make(map[string]bool)
	for _, e := range v.table.entries {
		if e == nil || seen[e.Module] {
			continue
		}
		seen[e.Module] = true
		rep.APIVersions = append(rep.APIVersions, moduleVersion{Name: e.Module + ".api"})
	}
	slices.SortFunc(rep.APIVersions, func(a, b moduleVersion) int { return cmp.Compare(a.Name, b.Name) })
	return nil
}

type controlPingReply struct{ VpePID uint32 }

func (v *VPP) controlPing(_ *call, _ *empty, rep *controlPingReply) error {
	rep.VpePID = uint32(os.Getpid())
	return nil
}
