package fakevpp

import (
	"encoding/binary"
	"os"
	"strings"

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

// getFirstMsgID answers where the ids of a module begin, "vxlan_4d9cc2b3", and
// INVALID_VALUE for one that is not loaded. The bindings' table has no modules,
// because bindings do not keep the order of messages, which a client relies on
// here. The CRC in the name is compiled into VPP; where it is not known, any
// stands for the module.
func (v *VPP) getFirstMsgID(_ *call, req *getFirstMsgID, rep *getFirstMsgIDReply) error {
	for _, m := range v.table.modules {
		if m.first != 0 && m.isRange(req.Name) {
			rep.FirstMsgID = m.first
			return nil
		}
	}
	rep.FirstMsgID = ^uint16(0)
	return vnet.ErrInvalidValue
}

// isRange says if the name is that of the module's range of ids. memclnt's
// fixed ids have none.
func (m *module) isRange(name string) bool {
	crc, ok := strings.CutPrefix(name, m.Name+"_")
	if !ok || m.Name == "memclnt" {
		return false
	}
	if m.RangeCRC != "" {
		return crc == m.RangeCRC
	}
	return len(crc) == 8 && strings.Trim(crc, "0123456789abcdef") == ""
}

type moduleVersion struct {
	Major, Minor, Patch uint32
	Name                string
}

type apiVersionsReply struct{ APIVersions []moduleVersion }

// apiVersions answers what VPP 26.06 does: an empty list, because nothing in VPP
// fills it any more (api_version_list in src/vlibapi/api_shared.c).
func (v *VPP) apiVersions(_ *call, _ *empty, rep *apiVersionsReply) error {
	return nil
}

type controlPingReply struct{ VpePID uint32 }

func (v *VPP) controlPing(_ *call, _ *empty, rep *controlPingReply) error {
	rep.VpePID = uint32(os.Getpid())
	return nil
}
