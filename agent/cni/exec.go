package cni

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/containernetworking/cni/pkg/types"
	types100 "github.com/containernetworking/cni/pkg/types/100"
	"github.com/containernetworking/cni/pkg/version"
)

// Plugin is the type a network configuration names to be served by the agent, as upstream's do.
const Plugin = "calico"

// Versions are the versions of the CNI spec that configurations may have; results are converted to them.
var Versions = []string{"0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"}

// Exec hands the calls of the CNI library to a Handler in this process instead of executing a plugin. It implements invoke.Exec:
//
//	libcni.NewCNIConfigWithCacheDir(nil, cacheDir, cni.NewExec(handler))
type Exec struct {
	version.PluginDecoder
	handler Handler
}

// NewExec returns an Exec for one node's handler.
func NewExec(h Handler) *Exec { return &Exec{handler: h} }

// FindInPath implements invoke.Exec: the only plugin there is is Plugin, wherever it is looked for.
func (e *Exec) FindInPath(plugin string, _ []string) (string, error) {
	if plugin != Plugin {
		return "", fmt.Errorf("failed to find CNI plugin %q: only %q is served", plugin, Plugin)
	}
	return plugin, nil
}

// ExecPlugin implements invoke.Exec. Errors are *types.Error.
func (e *Exec) ExecPlugin(ctx context.Context, _ string, stdin []byte, environ []string) ([]byte, error) {
	return Serve(ctx, e.handler, stdin, environ)
}

// Serve carries out one call of the plugin protocol (CNI spec 1.1, section 2): environ holds "CNI_COMMAND=ADD" and its like, of which the last
// wins, stdin the configuration. It returns what the plugin prints to stdout. Errors are *types.Error with the codes of the spec.
func Serve(ctx context.Context, h Handler, stdin []byte, environ []string) ([]byte, error) {
	env := environment(environ)
	out, err := serve(ctx, h, stdin, env)
	if err == nil {
		return out, nil
	}
	var cniErr *types.Error
	if errors.As(err, &cniErr) {
		return nil, cniErr
	}
	return nil, types.NewError(types.ErrInternal, err.Error(), "")
}

func serve(ctx context.Context, h Handler, stdin []byte, env map[string]string) ([]byte, error) {
	command := env["CNI_COMMAND"]
	if command == "VERSION" {
		var out bytes.Buffer
		err := version.PluginSupports(Versions...).Encode(&out)
		return out.Bytes(), err
	}
	required, known := requiredVariables[command]
	if !known {
		return nil, types.NewError(types.ErrInvalidEnvironmentVariables, fmt.Sprintf("unknown CNI_COMMAND %q", command), "")
	}
	for _, name := range required {
		if env[name] == "" {
			return nil, types.NewError(types.ErrInvalidEnvironmentVariables, "required env variables missing", name+" is empty for "+command)
		}
	}
	config, err := ParseConfig(stdin)
	if command == "DEL" && unsupportedField(err) {
		err = nil // what was never attached can still be detached
	}
	if err != nil {
		return nil, err
	}
	if !slices.Contains(Versions, config.CNIVersion) {
		return nil, types.NewError(types.ErrIncompatibleCNIVersion, "incompatible CNI version",
			fmt.Sprintf("config is %q, supported are %s", config.CNIVersion, strings.Join(Versions, ", ")))
	}
	req := &Request{ContainerID: env["CNI_CONTAINERID"], NetNS: env["CNI_NETNS"], IfName: env["CNI_IFNAME"], Args: env["CNI_ARGS"], Config: config}
	return dispatch(ctx, h, command, req)
}

// requiredVariables lists for each command what must not be empty (CNI spec 1.1, section 2; DEL's CNI_NETNS may be).
var requiredVariables = map[string][]string{
	"ADD":    {"CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"},
	"DEL":    {"CNI_CONTAINERID", "CNI_IFNAME"},
	"CHECK":  {"CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"},
	"GC":     nil,
	"STATUS": nil,
}

func dispatch(ctx context.Context, h Handler, command string, req *Request) ([]byte, error) {
	switch command {
	case "ADD":
		result, err := h.CNIAdd(ctx, req)
		if err != nil {
			return nil, err
		}
		return encode(result, req.Config.CNIVersion)
	case "DEL":
		return nil, h.CNIDel(ctx, req)
	case "CHECK":
		return nil, h.CNICheck(ctx, req)
	case "GC":
		return nil, h.CNIGC(ctx, req)
	default:
		return nil, h.CNIStatus(ctx, req)
	}
}

// encode converts a result to a version of the spec and prints it.
func encode(result *types100.Result, cniVersion string) ([]byte, error) {
	converted, err := result.GetAsVersion(cniVersion)
	if err != nil {
		return nil, fmt.Errorf("convert the result to CNI %s: %w", cniVersion, err)
	}
	return json.Marshal(converted)
}

func environment(environ []string) map[string]string {
	env := make(map[string]string, len(environ))
	for _, e := range environ {
		if name, value, ok := strings.Cut(e, "="); ok && strings.HasPrefix(name, "CNI_") {
			env[name] = value
		}
	}
	return env
}

func unsupportedField(err error) bool {
	var e *types.Error
	return errors.As(err, &e) && e.Code == types.ErrUnsupportedField
}
