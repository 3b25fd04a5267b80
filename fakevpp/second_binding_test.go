package fakevpp_test

import (
	"os"
	"testing"

	"go.fd.io/govpp/api"
	"go.fd.io/govpp/codec"
)

// These types are bindings of another VPP: a show_version with one more field
// in front of the reply, and a message that no handler knows.

type ShowVersion struct{}

func (*ShowVersion) GetMessageName() string          { return "show_version" }
func (*ShowVersion) GetCrcString() string            { return "0badcafe" }
func (*ShowVersion) GetMessageType() api.MessageType { return api.RequestMessage }
func (*ShowVersion) Size() int                       { return 0 }
func (*ShowVersion) Marshal(b []byte) ([]byte, error) {
	return b, nil
}
func (*ShowVersion) Unmarshal([]byte) error { return nil }

type ShowVersionReply struct {
	Retval  int32  `binapi:"i32,name=retval"`
	Flavour uint16 `binapi:"u16,name=flavour"`
	Version string `binapi:"string[8],name=version"`
}

func (*ShowVersionReply) GetMessageName() string          { return "show_version_reply" }
func (*ShowVersionReply) GetCrcString() string            { return "0badcaff" }
func (*ShowVersionReply) GetMessageType() api.MessageType { return api.ReplyMessage }
func (*ShowVersionReply) Size() int                       { return 14 }
func (m *ShowVersionReply) Marshal(b []byte) ([]byte, error) {
	buf := codec.NewBuffer(b)
	buf.EncodeInt32(m.Retval)
	buf.EncodeUint16(m.Flavour)
	buf.EncodeString(m.Version, 8)
	return buf.Bytes(), nil
}
func (m *ShowVersionReply) Unmarshal(b []byte) error {
	buf := codec.NewBuffer(b)
	m.Retval, m.Flavour, m.Version = buf.DecodeInt32(), buf.DecodeUint16(), buf.DecodeString(8)
	return nil
}

type PrivateOp struct {
	Level uint32 `binapi:"u32,name=level"`
}

func (*PrivateOp) GetMessageName() string          { return "private_op" }
func (*PrivateOp) GetCrcString() string            { return "12345678" }
func (*PrivateOp) GetMessageType() api.MessageType { return api.RequestMessage }
func (*PrivateOp) Size() int                       { return 4 }
func (m *PrivateOp) Marshal(b []byte) ([]byte, error) {
	buf := codec.NewBuffer(b)
	buf.EncodeUint32(m.Level)
	return buf.Bytes(), nil
}
func (m *PrivateOp) Unmarshal(b []byte) error {
	m.Level = codec.NewBuffer(b).DecodeUint32()
	return nil
}

type PrivateOpReply struct {
	Retval int32    `binapi:"i32,name=retval"`
	Count  uint8    `binapi:"u8,name=count"`
	Values []uint32 `binapi:"u32[count],name=values"`
}

func (*PrivateOpReply) GetMessageName() string          { return "private_op_reply" }
func (*PrivateOpReply) GetCrcString() string            { return "12345679" }
func (*PrivateOpReply) GetMessageType() api.MessageType { return api.ReplyMessage }
func (m *PrivateOpReply) Size() int                     { return 5 + 4*len(m.Values) }
func (m *PrivateOpReply) Marshal(b []byte) ([]byte, error) {
	buf := codec.NewBuffer(b)
	buf.EncodeInt32(m.Retval)
	buf.EncodeUint8(uint8(len(m.Values)))
	return buf.Bytes(), nil
}
func (m *PrivateOpReply) Unmarshal(b []byte) error {
	buf := codec.NewBuffer(b)
	m.Retval, m.Count = buf.DecodeInt32(), buf.DecodeUint8()
	m.Values = make([]uint32, m.Count)
	return nil
}

func TestMain(m *testing.M) {
	for _, msg := range []api.Message{new(ShowVersion), new(ShowVersionReply), new(PrivateOp), new(PrivateOpReply)} {
		api.RegisterMessage(msg, msg.GetMessageName())
	}
	os.Exit(m.Run())
}
