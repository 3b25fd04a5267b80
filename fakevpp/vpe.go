package fakevpp

import (
	"strings"
	"time"
)

// vpeHandlers are the messages of src/vpp/api/vpe.api.
var vpeHandlers = []handler{
	replyWith("show_version", (*VPP).showVersion),
	replyWith("show_vpe_system_time", (*VPP).showVpeSystemTime),
	dump("log_dump", "log_details", (*VPP).logDump),
}

// defaultVersion is the VPP whose behaviour the double follows.
var defaultVersion = Version{Version: "26.06-release", BuildDate: "2026-06-24T00:00:00", BuildDirectory: "/vpptwin"}

type showVersionReply struct {
	Program, Version, BuildDate, BuildDirectory string
}

// number is the version without the letter that only the text of "show version"
// has (vpe_version_string in src/vpp/app/version.c).
func (v Version) number() string { return strings.TrimPrefix(v.Version, "v") }

func (v *VPP) showVersion(_ *call, _ *empty, rep *showVersionReply) error {
	o := v.opts.version
	*rep = showVersionReply{Program: "vpe", Version: o.number(), BuildDate: o.BuildDate, BuildDirectory: o.BuildDirectory}
	return nil
}

type showVpeSystemTimeReply struct{ VpeSystemTime float64 }

func (v *VPP) showVpeSystemTime(_ *call, _ *empty, rep *showVpeSystemTimeReply) error {
	rep.VpeSystemTime = unixSeconds(time.Now())
	return nil
}

// unixSeconds is VPP's timestamp: seconds since 1970 with their fraction.
func unixSeconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

type logDump struct{ StartTimestamp float64 }

type logDetails struct {
	Timestamp float64
	Level     uint32
	MsgClass  string
	Message   string
}

func (v *VPP) logDump(_ *call, req *logDump, emit func(*logDetails)) error {
	for _, line := range v.log.all() {
		if at := unixSeconds(line.time); req.StartTimestamp <= at {
			emit(&logDetails{Timestamp: at, Level: uint32(line.level), MsgClass: line.class, Message: line.message})
		}
	}
	return nil
}
