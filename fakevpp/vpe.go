package fakevpp

import "time"

// vpeHandlers are the messages of src/vpp/api/vpe.api.
var vpeHandlers = []handler{
	replyWith("show_version", (*VPP).showVersion),
	replyWith("show_vpe_system_time", (*VPP).showVpeSystemTime),
	dump("log_dump", "log_details", (*VPP).logDump),
}

// defaultVersion is the VPP whose behaviour the double follows.
var defaultVersion = Version{Version: "v26.06-rc2", BuildDate: "2026-05-27T00:00:00", BuildDirectory: "/vpptwin"}

type showVersionReply struct {
	Program, Version, BuildDate, BuildDirectory string
}

func (v *VPP) showVersion(_ *call, _ *empty, rep *showVersionReply) error {
	o := v.opts.version
	*rep = showVersionReply{Program: "vpe", Version: o.Version, BuildDate: o.BuildDate, BuildDirectory: o.BuildDirectory}
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
