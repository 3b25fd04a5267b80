package fidelity

// ipDifferences are those of IP, neighbours and reassembly.
var ipDifferences = []Difference{
	{
		Kind: Message, On: "ip_reassembly_get", Since: "26.06",
		What:    "An unknown type gives zeros.",
		Why:     "VPP sends what the memory holds",
		VPP:     "undefined: uninitialised memory",
		Unsafe:  true,
		Observe: sends("ip_reassembly_get", "{type: 7}"),
	},
	{
		Kind: Message, On: "sw_interface_ip6_get_link_local_address", Since: "26.06",
		What:    "The address of an interface without MAC address follows from its index.",
		Why:     "two runs of a test must see the same addresses; VPP draws it at random",
		VPP:     "undefined: random",
		Unsafe:  true,
		Observe: sends("sw_interface_ip6_get_link_local_address", "{sw_if_index: 1}", "create ipip tunnel src fd00::1 dst fd00::2", "enable ip6 interface ipip0"),
	},
	{
		Kind: Message, On: "ip_route_add_del_v2", Since: "26.06",
		What:    "An unknown source is refused.",
		Why:     "VPP crashes",
		VPP:     "crashes",
		Unsafe:  true,
		Observe: sends("ip_route_add_del_v2", "{is_add: true, route: {prefix: 10.3.0.0/24, src: 200, paths: [{sw_if_index: 0}]}}"),
	},
	{
		Kind: Message, On: "teib_dump", Since: "26.06",
		What: "Entries go with their interface.",
		Why:  "VPP keeps them, for an index that the next interface gets",
		VPP:  "1 entry",
		Observe: func(t *Twin) (string, error) {
			if _, err := t.CLI("create loopback interface", "set interface state loop0 up", "set interface ip address loop0 10.0.0.1/24",
				"create teib loop0 peer 10.0.0.2 nh 192.0.2.1", "delete loopback interface intfc loop0"); err != nil {
				return "", err
			}
			views, err := t.exchange("teib_dump", "{}")
			if len(views) == 1 {
				return "1 entry", err
			}
			return "no entry", err
		},
	},
	{
		Kind: Message, On: "ip6nd_proxy_dump", Since: "26.06",
		What:    "The details have their own message id.",
		Why:     "VPP sends them as another message, which clients cannot read",
		VPP:     "no answer",
		Observe: sends("ip6nd_proxy_dump", "{}", "create loopback interface", "set interface state loop0 up", "set interface ip address loop0 fd00::1/64", "set ip6 nd proxy loop0 fd00::9"),
	},
}
