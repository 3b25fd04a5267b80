package fakevpp

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// apiTraceCommands are the commands of VPP's trace of API messages
// (src/vlibmemory/vlib_api_cli.c).
func apiTraceCommands() []cliCommand {
	return []cliCommand{
		command("api trace", "api trace [tx][on|off][first <n>][last <n>][status][free]"+
			"[post-mortem-on][dump|dump-file|dump-json|save|tojson|save-json <file>]", cliAPITrace),
	}
}

// apiTraceFolder is where traces are saved.
const apiTraceFolder = "/tmp"

// cliAPITrace saves a trace without messages: what clients send is in the
// history, not in a trace yet. The file's header is VPP's
// (vl_api_trace_file_header_t in src/vlibapi/api_common.h).
func cliAPITrace(_ *VPP, a *cliArgs) (string, error) {
	var name string
	switch {
	case a.text("save", &name):
		if name == "" || strings.ContainsAny(name, "/") || strings.Contains(name, "..") {
			return "illegal characters in filename '" + name + "'", nil
		}
		path := filepath.Join(apiTraceFolder, name)
		if err := os.WriteFile(path, make([]byte, 9), 0o644); err != nil {
			return fmt.Sprintf("Couldn't create %s\n", path), nil
		}
		return fmt.Sprintf("API trace saved to %s\n", path), nil
	case a.is("on"), a.is("off"), a.is("tx"), a.is("free"), a.is("status"):
		return "", nil
	}
	return "", a.unknown()
}
