package cni

import (
	"encoding/json"
	"fmt"

	"github.com/containernetworking/cni/pkg/types"
)

// Config is the network configuration of one call, the form a plugin reads from stdin. Fields that the agent has no use for are accepted; those that ask for something that it
// cannot give are refused by name (see unsupported).
type Config struct {
	types.PluginConf
	// MTU is the greatest MTU the interface may have; 0 leaves it to the agent.
	MTU int `json:"mtu"`
	// DataplaneOptions is upstream's block that names the Network.
	DataplaneOptions struct {
		// NetworkName is the name of a Network object; "" means the default pod network.
		NetworkName string `json:"network_name"`
	} `json:"dataplane_options"`
}

// NetworkName returns the name of the Network, "" for the default pod network.
func (c *Config) NetworkName() string { return c.DataplaneOptions.NetworkName }

// refused are fields whose presence asks for something the agent does not do, with what it does instead.
type refused struct {
	IPAM struct {
		Type         string          `json:"type"`
		Range        json.RawMessage `json:"range"`
		RangeStart   json.RawMessage `json:"range_start"`
		RangeEnd     json.RawMessage `json:"range_end"`
		Exclude      json.RawMessage `json:"exclude"`
		IPRanges     json.RawMessage `json:"ipRanges"`
		Ranges       json.RawMessage `json:"ranges"`
		Addresses    json.RawMessage `json:"addresses"`
		Subnet       json.RawMessage `json:"subnet"`
		IPv4Pools    json.RawMessage `json:"ipv4_pools"`
		IPv6Pools    json.RawMessage `json:"ipv6_pools"`
		StaticRoutes json.RawMessage `json:"routes"`
	} `json:"ipam"`
	RuntimeConfig struct {
		IPs          json.RawMessage `json:"ips"`
		MAC          json.RawMessage `json:"mac"`
		PortMappings json.RawMessage `json:"portMappings"`
		Bandwidth    json.RawMessage `json:"bandwidth"`
	} `json:"runtimeConfig"`
	Args struct {
		CNI struct {
			IPs json.RawMessage `json:"ips"`
			MAC json.RawMessage `json:"mac"`
		} `json:"cni"`
	} `json:"args"`
}

// ParseConfig reads a plugin's configuration. A broken one gives ErrDecodingFailure, one without a name or of another type ErrInvalidNetworkConfig, one
// that asks for what cannot be honoured ErrUnsupportedField with the field's name.
func ParseConfig(data []byte) (Config, error) {
	var c Config
	if err := json.Unmarshal(data, &c); err != nil {
		return c, types.NewError(types.ErrDecodingFailure, "network configuration is not valid", err.Error())
	}
	if c.Name == "" {
		return c, types.NewError(types.ErrInvalidNetworkConfig, "network configuration has no name", "")
	}
	if c.MTU < 0 {
		return c, types.NewError(types.ErrInvalidNetworkConfig, "mtu is negative", fmt.Sprintf("mtu: %d", c.MTU))
	}
	return c, unsupported(data)
}

// unsupported names the first field of a configuration that cannot be honoured.
func unsupported(data []byte) error {
	var r refused
	if err := json.Unmarshal(data, &r); err != nil {
		return types.NewError(types.ErrDecodingFailure, "network configuration is not valid", err.Error())
	}
	const fromNetwork = "addresses come from the Network's spec.range, or the Node's spec.podCIDRs"
	for _, f := range []struct {
		name, instead string
		value         json.RawMessage
	}{
		{"ipam.range", fromNetwork, r.IPAM.Range},
		{"ipam.range_start", fromNetwork, r.IPAM.RangeStart},
		{"ipam.range_end", fromNetwork, r.IPAM.RangeEnd},
		{"ipam.exclude", fromNetwork, r.IPAM.Exclude},
		{"ipam.ipRanges", fromNetwork, r.IPAM.IPRanges},
		{"ipam.ranges", fromNetwork, r.IPAM.Ranges},
		{"ipam.addresses", fromNetwork, r.IPAM.Addresses},
		{"ipam.subnet", fromNetwork, usePodCIDR(r.IPAM.Subnet)},
		{"ipam.ipv4_pools", fromNetwork, r.IPAM.IPv4Pools},
		{"ipam.ipv6_pools", fromNetwork, r.IPAM.IPv6Pools},
		{"ipam.routes", "the agent sets the routes", r.IPAM.StaticRoutes},
		{"runtimeConfig.ips", fromNetwork, r.RuntimeConfig.IPs},
		{"runtimeConfig.mac", "pod interfaces have a fixed address", r.RuntimeConfig.MAC},
		{"runtimeConfig.portMappings", "host ports are not supported", r.RuntimeConfig.PortMappings},
		{"runtimeConfig.bandwidth", "bandwidth limits are not supported", r.RuntimeConfig.Bandwidth},
		{"args.cni.ips", fromNetwork, r.Args.CNI.IPs},
		{"args.cni.mac", "pod interfaces have a fixed address", r.Args.CNI.MAC},
	} {
		if !empty(f.value) {
			return types.NewError(types.ErrUnsupportedField, "cannot honour "+f.name, fmt.Sprintf("%s; got %s", f.instead, f.value))
		}
	}
	switch r.IPAM.Type {
	case "", "whereabouts", "calico-ipam", "host-local":
		return nil
	}
	return types.NewError(types.ErrUnsupportedField, "cannot honour ipam.type",
		fmt.Sprintf("%s; got %q, expected whereabouts, calico-ipam, host-local or none", fromNetwork, r.IPAM.Type))
}

// usePodCIDR accepts Calico's "subnet": "usePodCidr", which is what the agent does anyway.
func usePodCIDR(subnet json.RawMessage) json.RawMessage {
	if string(subnet) == `"usePodCidr"` {
		return nil
	}
	return subnet
}

// empty says whether a JSON value carries nothing.
func empty(v json.RawMessage) bool {
	switch string(v) {
	case "", "null", "[]", "{}", `""`:
		return true
	}
	return false
}
