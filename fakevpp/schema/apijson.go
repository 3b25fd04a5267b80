package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// apiFile is one *.api.json file as vppapigen writes it
// (src/tools/vppapigen/vppapigen_json.py), without comments.
type apiFile struct {
	module   string // the file's name without ".api.json"
	version  string // option version, "3.2.0"
	crc      string // vl_api_version, 8 hex digits
	rangeCRC string // of the module's range of ids in VPP's table, "" if not known
	plugin   string // the plugin it belongs to, "" for VPP's core
	types    []decl // structs, unions, enumerations and aliases
	messages []decl
	services []service
}

// decl is one declaration of an API file: a line of the text form without its
// scope.
type decl struct {
	keyword string // struct, union, enum, flags, alias, request, reply, event, other
	name    string
	body    string // the rest of the line
	uses    []string
}

// service is how a request is answered, where that does not follow from its
// name.
type service struct{ request, reply, stream, events string }

// rawFile is the JSON's outer shape.
type rawFile struct {
	Types     [][]json.RawMessage        `json:"types"`
	Unions    [][]json.RawMessage        `json:"unions"`
	Enums     [][]json.RawMessage        `json:"enums"`
	EnumFlags [][]json.RawMessage        `json:"enumflags"`
	Aliases   map[string]rawAlias        `json:"aliases"`
	Messages  [][]json.RawMessage        `json:"messages"`
	Services  map[string]rawService      `json:"services"`
	Options   map[string]json.RawMessage `json:"options"`
	Version   string                     `json:"vl_api_version"`
}

type rawAlias struct {
	Type   string `json:"type"`
	Length int    `json:"length"`
}

type rawService struct {
	Reply     string   `json:"reply"`
	Stream    bool     `json:"stream"`
	StreamMsg string   `json:"stream_msg"`
	Events    []string `json:"events"`
}

// readAPIFile converts one file.
func readAPIFile(module string, data []byte) (*apiFile, error) {
	var raw rawFile
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("%snot an api.json file: %w", jsonPlace(data, err), err)
	}
	f := &apiFile{module: module, crc: crcDigits(raw.Version)}
	_ = json.Unmarshal(raw.Options["version"], &f.version)
	if err := f.readTypes(&raw); err != nil {
		return nil, err
	}
	for _, m := range raw.Messages {
		d, err := readMessage(m)
		if err != nil {
			return nil, err
		}
		f.messages = append(f.messages, d)
	}
	for request, s := range raw.Services {
		if s := (service{request, s.Reply, s.StreamMsg, strings.Join(s.Events, ",")}); !s.usual() {
			f.services = append(f.services, s)
		}
	}
	slices.SortFunc(f.services, func(a, b service) int { return strings.Compare(a.request, b.request) })
	return f, nil
}

// jsonPlace says where in a file JSON is wrong, as "line:column: ", "" if the error
// does not tell.
func jsonPlace(data []byte, err error) string {
	var at int64
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		at = syntax.Offset
	case errors.As(err, &kind):
		at = kind.Offset
	default:
		return ""
	}
	before := data[:min(max(int(at)-1, 0), len(data))]
	return fmt.Sprintf("%d:%d: ", bytes.Count(before, []byte("\n"))+1, len(before)-bytes.LastIndexByte(before, '\n'))
}

// usual says if the service is what the request's name says: x answers
// x_reply, x_dump streams x_details.
func (s service) usual() bool {
	if s.events != "" {
		return false
	}
	base, dump := strings.CutSuffix(s.request, "_dump")
	if dump && s.reply == base+"_details" && s.stream == "" {
		return true
	}
	base, get := strings.CutSuffix(s.request, "_get")
	return s.reply == s.request+"_reply" && (s.stream == "" || get && s.stream == base+"_details")
}

// crcDigits turns "0xabc" into the 8 digits of the message table.
func crcDigits(s string) string {
	s = strings.TrimPrefix(s, "0x")
	return strings.Repeat("0", max(8-len(s), 0)) + s
}

func (f *apiFile) readTypes(raw *rawFile) error {
	for name, a := range raw.Aliases {
		t := baseType(a.Type)
		d := decl{keyword: "alias", name: name, body: t, uses: []string{t}}
		if a.Length > 0 {
			d.body = fmt.Sprintf("%s[%d]", t, a.Length)
		}
		f.types = append(f.types, d)
	}
	for _, group := range []struct {
		keyword string
		list    [][]json.RawMessage
		read    func(string, []json.RawMessage) (decl, error)
	}{
		{"struct", raw.Types, readStruct},
		{"union", raw.Unions, readStruct},
		{"enum", raw.Enums, readEnum},
		{"flags", raw.EnumFlags, readEnum},
	} {
		for _, item := range group.list {
			d, err := group.read(group.keyword, item)
			if err != nil {
				return err
			}
			f.types = append(f.types, d)
		}
	}
	return nil
}

// baseType strips VPP's decoration of type names: vl_api_address_t is address.
func baseType(name string) string {
	if inner, ok := strings.CutPrefix(name, "vl_api_"); ok {
		return strings.TrimSuffix(inner, "_t")
	}
	return name
}

// itemName decodes the first element of a declaration.
func itemName(item []json.RawMessage) (string, error) {
	var name string
	if len(item) == 0 {
		return "", fmt.Errorf("a declaration without a name")
	}
	if err := json.Unmarshal(item[0], &name); err != nil {
		return "", fmt.Errorf("name of a declaration: %w", err)
	}
	if name == "" || strings.ContainsAny(name, " ;[]\n\t") {
		return "", fmt.Errorf("%q is no name of a declaration", name)
	}
	return name, nil
}

func readStruct(keyword string, item []json.RawMessage) (decl, error) {
	name, err := itemName(item)
	if err != nil {
		return decl{}, err
	}
	d := decl{keyword: keyword, name: name}
	return d, d.addFields(item[1:])
}

// addFields renders fields, "TYPE NAME; TYPE NAME".
func (d *decl) addFields(items []json.RawMessage) error {
	for _, item := range items {
		if bytes.HasPrefix(bytes.TrimSpace(item), []byte("{")) {
			continue // comment, crc and options
		}
		text, typ, err := readField(item)
		if err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		if d.body != "" {
			d.body += "; "
		}
		d.body += text
		d.uses = append(d.uses, typ)
	}
	return nil
}

// readField renders [TYPE, NAME, LENGTH?, COUNT?, {OPTIONS}?].
func readField(item json.RawMessage) (text, typ string, err error) {
	var parts []any
	if err := json.Unmarshal(item, &parts); err != nil {
		return "", "", fmt.Errorf("field: %w", err)
	}
	if len(parts) < 2 {
		return "", "", fmt.Errorf("field %s: a type and a name expected", item)
	}
	typ, ok1 := parts[0].(string)
	name, ok2 := parts[1].(string)
	if !ok1 || !ok2 || strings.ContainsAny(typ+name, " ;[]\n\t") {
		return "", "", fmt.Errorf("field %s: a type and a name expected", item)
	}
	typ = baseType(typ)
	length, count, options := "", "", ""
	for _, p := range parts[2:] {
		switch p := p.(type) {
		case float64:
			length = fmt.Sprintf("[%d]", int(p))
			if p == 0 {
				length = "[]"
			}
		case string:
			count = p
		case map[string]any:
			options = fieldOptions(p)
		}
	}
	if count != "" {
		length = "[" + count + "]"
	}
	return typ + length + " " + name + options, typ, nil
}

// fieldOptions renders what a client may want to know of a field.
func fieldOptions(options map[string]any) string {
	text := ""
	for _, key := range []string{"default", "limit"} {
		if v, ok := options[key]; ok {
			if value := fmt.Sprint(v); !strings.ContainsAny(value, " ;\n") {
				text += " " + key + "=" + value
			}
		}
	}
	return text
}

func readEnum(keyword string, item []json.RawMessage) (decl, error) {
	name, err := itemName(item)
	if err != nil {
		return decl{}, err
	}
	d := decl{keyword: keyword, name: name}
	base := "u32"
	for _, part := range item[1:] {
		var value []any
		if json.Unmarshal(part, &value) == nil && len(value) >= 2 {
			n, ok := value[1].(float64)
			if !ok {
				return d, fmt.Errorf("%s: value %s", name, part)
			}
			d.body += fmt.Sprintf(" %v=%d", value[0], int64(n))
			continue
		}
		var options struct{ Enumtype string }
		if json.Unmarshal(part, &options) == nil && options.Enumtype != "" {
			base = options.Enumtype
		}
	}
	d.body = base + d.body
	return d, nil
}

// readMessage renders one message: "CRC TYPE NAME; TYPE NAME # OPTIONS"; the
// header becomes the keyword.
func readMessage(item []json.RawMessage) (decl, error) {
	name, err := itemName(item)
	if err != nil {
		return decl{}, err
	}
	d := decl{name: name}
	var meta struct {
		CRC     string         `json:"crc"`
		Options map[string]any `json:"options"`
	}
	if err := json.Unmarshal(item[len(item)-1], &meta); err != nil || meta.CRC == "" {
		return d, fmt.Errorf("message %s: no crc", name)
	}
	fields := item[1 : len(item)-1]
	header := 0
	d.keyword, header = headerOf(fields)
	if err := d.addFields(fields[header:]); err != nil {
		return d, err
	}
	d.body = strings.TrimSpace(crcDigits(meta.CRC) + " " + d.body)
	d.body += messageOptions(meta.Options)
	return d, nil
}

// headerOf returns the message's kind and the number of fields in its header.
func headerOf(fields []json.RawMessage) (string, int) {
	var names []string
	for _, f := range fields[:min(len(fields), 3)] {
		var parts []any
		_ = json.Unmarshal(f, &parts)
		name := ""
		if len(parts) > 1 {
			name, _ = parts[1].(string)
		}
		names = append(names, name)
	}
	names = append(names, "", "", "")
	switch {
	case names[0] != "_vl_msg_id":
		return "other", 0
	case names[1] == "client_index" && names[2] == "context":
		return "request", 3
	case names[1] == "client_index":
		return "event", 2
	case names[1] == "context":
		return "reply", 2
	}
	return "other", 1
}

// messageOptions keeps what says whether a message should be used.
func messageOptions(options map[string]any) string {
	text := ""
	for _, key := range []string{"deprecated", "in_progress", "status", "replaced_by"} {
		v, ok := options[key]
		switch s, isText := v.(string); {
		case !ok:
		case isText && !strings.ContainsAny(s, " #\n"):
			text += " " + key + "=" + s
		default:
			text += " " + key
		}
	}
	if text != "" {
		text = " #" + text
	}
	return text
}
