package schema

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
)

// CutKey splits "ip_route_add_del_b8ecfe0d" into name and CRC.
func CutKey(key string) (name, crc string, ok bool) {
	i := strings.LastIndexByte(key, '_')
	if i < 1 || len(key)-i != 9 {
		return key, "", false
	}
	return key[:i], key[i+1:], true
}

// AppendVPPText appends the message in the form of VPP's own printers
// (src/tools/vppapigen/vppapigen_c.py, class Printfun), as "api trace dump" shows
// it. Arrays of bytes show their bytes, where VPP shows those at the start of the
// message.
func (v *View) AppendVPPText(b []byte) []byte {
	b = fmt.Appendf(b, "vl_api_%s_t:", v.Message.Name)
	if len(v.Data) < v.Message.Kind.HeaderSize() {
		return b
	}
	return appendVPPFields(b, v.Message.Fields(), v.Data, v.Message.Kind.HeaderSize(), 2)
}

func appendVPPFields(b []byte, fields []Field, data []byte, pos, indent int) []byte {
	white := "\n" + strings.Repeat(" ", indent)
	_ = walk(fields, data, pos, func(f *Field, at, n int) (bool, error) { // what is cut off is not shown
		size, err := sizeAt(f.Type, data, at, n)
		if err != nil {
			return false, err
		}
		t := f.Type
		if t.Class == Array && t.Name == "" {
			n = t.Len
		}
		if t.Class != Vector && (t.Class != Array || t.Name != "") || t.Elem.isByte() {
			b = append(append(append(b, white...), f.Name...), ':')
			if t.Class != Text || t.Size > 0 || size > 4 {
				b = append(b, ' ')
			}
			b = appendVPPValue(b, t, data[at:at+size], indent)
			return true, nil
		}
		for range n {
			size, err := sizeAt(t.Elem, data, at, 0)
			if err != nil {
				return false, err
			}
			b = append(append(append(b, white...), f.Name...), ": "...)
			b = appendVPPValue(b, t.Elem, data[at:at+size], indent)
			at += size
		}
		return true, nil
	})
	return b
}

// appendVPPValue appends one value, raw being its bytes.
func appendVPPValue(b []byte, t *Type, raw []byte, indent int) []byte {
	if t.Name == "mac_address" && len(raw) == 6 { // unlike in JSON
		return fmt.Appendf(b, "%x.%x.%x", raw[:2], raw[2:4], raw[4:])
	}
	if text, ok := vppAddress(t, raw); ok {
		return append(b, text...)
	}
	switch t.Class {
	case Bool:
		return fmt.Appendf(b, "%d", raw[0])
	case Uint, Int:
		if t.enum != nil {
			name, _ := t.enum.exactly(loadUint(raw, t.Size))
			return append(b, name...)
		}
		if t.Class == Int {
			return fmt.Appendf(b, "%d", loadInt(raw, t.Size))
		}
		return fmt.Appendf(b, "%d", loadUint(raw, t.Size))
	case Float:
		return fmt.Appendf(b, "%.2f", math.Float64frombits(binary.LittleEndian.Uint64(raw)))
	case Text:
		if t.Size == 0 {
			raw = raw[4:]
		}
		return append(b, cString(raw)...)
	case Struct:
		return appendVPPFields(b, t.Fields, raw, 0, indent+2)
	case Union:
		for _, f := range t.Fields {
			if n, ok := f.Type.fixed(); ok && n <= len(raw) {
				b = appendVPPFields(b, []Field{f}, raw[:n], 0, indent+2)
			}
		}
		return b
	}
	return appendHexBytes(b, raw)
}

// appendHexBytes is VPP's format_hex_bytes (src/vppinfra/std-formats.c): more
// lines begin under the first.
func appendHexBytes(b, raw []byte) []byte {
	column := len(b) - 1 - bytes.LastIndexByte(b, '\n')
	for i, c := range raw {
		if len(raw) > 32 && i%32 == 0 {
			if i > 0 {
				b = append(append(b, '\n'), strings.Repeat(" ", column)...)
			}
			b = fmt.Appendf(b, "%08x: ", i)
		}
		b = fmt.Appendf(b, "%02x", c)
	}
	return b
}

// vppAddress renders the types that VPP prints by hand (src/vnet/ip/ip_types.api,
// src/vnet/ethernet/ethernet_types.api).
func vppAddress(t *Type, raw []byte) (string, bool) {
	switch t.Name {
	case "prefix", "ip4_prefix", "ip6_prefix", "address_with_prefix", "ip4_address_with_prefix", "ip6_address_with_prefix":
		if p, ok := prefixIn(t, raw); ok {
			a, _, _ := addressIn(t.Fields[0].Type, raw[:len(raw)-1])
			if !a.IsValid() {
				return fmt.Sprintf("unknown-af/%d", raw[len(raw)-1]), true
			}
			return fmt.Sprintf("%s/%d", p.Addr(), raw[len(raw)-1]), true
		}
	case "address", "ip4_address", "ip6_address":
		if a, _, ok := addressIn(t, raw); ok {
			if !a.IsValid() {
				return "unknown-af", true
			}
			return a.String(), true
		}
	case "mac_address":
		if len(raw) == 6 {
			return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", raw[0], raw[1], raw[2], raw[3], raw[4], raw[5]), true
		}
	}
	return "", false
}
