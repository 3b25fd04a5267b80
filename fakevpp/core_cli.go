package fakevpp

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// coreCommands are the commands about the API itself.
func coreCommands() []cliCommand {
	return []cliCommand{
		command("show version", "show version [verbose] [cmdline]", cliShowVersion),
		command("show threads", "Show threads", cliShowThreads),
		command("show api clients", "Client information", cliShowAPIClients),
	}
}

// cliShowVersion is show_vpe_version_command_fn (src/vpp/app/version.c). There
// is no compiler's name to show.
func cliShowVersion(v *VPP, a *cliArgs) (string, error) {
	verbose, cmdline := false, false
	for read := true; read; {
		switch {
		case a.is("verbose"):
			verbose = true
		case a.is("cmdline"):
			cmdline = true
		default:
			read = false
		}
	}
	o := v.opts.version
	var b strings.Builder
	if verbose {
		for _, l := range [...][2]string{{"Version:", "v" + o.number()}, {"Compiled by:", "vpptwin"}, {"Compile host:", "vpptwin"},
			{"Compile date:", o.BuildDate}, {"Compile location:", o.BuildDirectory}, {"Compiler:", runtime.Version()},
			{"Current PID:", strconv.Itoa(os.Getpid())}} {
			fmt.Fprintf(&b, "%-25s %s\n", l[0], l[1])
		}
	}
	if cmdline {
		fmt.Fprintf(&b, "%-25s\n  %s\n", "Command line arguments:", strings.Join(os.Args, "\n  "))
	}
	if !verbose && !cmdline {
		fmt.Fprintf(&b, "vpp v%s built by vpptwin on vpptwin at %s\n", o.number(), o.BuildDate)
	}
	return b.String(), nil
}

// cliShowThreads is "show threads" (show_threads_fn in src/vlib/threads_cli.c).
func cliShowThreads(v *VPP, _ *cliArgs) (string, error) {
	rep := new(showThreadsReply)
	if err := v.showThreads(nil, nil, rep); err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-7s%-20s%-12s%-8s%-25s%-7s%-7s%-7s%-10s\n",
		"ID", "Name", "Type", "LWP", "Sched Policy (Priority)", "lcore", "Core", "Socket", "State")
	for _, t := range rep.ThreadData {
		fmt.Fprintf(&b, "%-7d%-20s%-12s%-8d%-25s%-7d%-7d%-7d%-10s\n",
			t.ID, t.Name, t.Type, t.PID, "other (0)", t.CPUID, t.Core, t.CPUSocket, "")
	}
	return b.String(), nil
}

// cliShowAPIClients is the socket part of "show api clients"
// (vl_sock_api_dump_clients in src/vlibmemory/socket_api.c).
func cliShowAPIClients(v *VPP, _ *cliArgs) (string, error) {
	names := v.Clients()
	if len(names) == 0 {
		return "", nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Socket clients\n%20s %8s\n", "Name", "Fildesc")
	for i, name := range names {
		fmt.Fprintf(&b, "%20s %8d\n", name, i+1)
	}
	return b.String(), nil
}
