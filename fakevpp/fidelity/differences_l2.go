package fidelity

// l2Differences are those of bridging and sub-interfaces.
var l2Differences = []Difference{
	{
		Kind: Message, On: "create_subif", Since: "26.06",
		What:    "A sub-interface of a sub-interface is refused.",
		Why:     "VPP builds one that does not work",
		VPP:     "{sw_if_index: 3}",
		Observe: sends("create_subif", "{sw_if_index: 2, sub_id: 5, sub_if_flags: 2, outer_vlan_id: 5}", "create loopback interface", "create sub-interfaces loop0 4"),
	},
	{
		Kind: Message, On: "bd_ip_mac_dump", Since: "26.06",
		What: "Entries come in the order of insertion.",
		Why:  "VPP's is the order of a hash table",
		VPP:  " 10.9.0.2 10.9.0.1 10.9.0.3 10.9.0.4",
		Observe: func(t *Twin) (string, error) {
			cmds := []string{"create bridge-domain 7 arp-term 1"}
			for _, a := range []string{"10.9.0.3", "10.9.0.1", "10.9.0.4", "10.9.0.2"} {
				cmds = append(cmds, "set bridge-domain arp entry 7 "+a+" 02:00:00:00:00:09")
			}
			if _, err := t.CLI(cmds...); err != nil {
				return "", err
			}
			views, err := t.exchange("bd_ip_mac_dump", "{bd_id: 7}")
			var out string
			for _, v := range views {
				a, err := v.Addr("entry.ip")
				if err != nil {
					return "", err
				}
				out += " " + a.String()
			}
			return out, err
		},
	},
	{
		Kind: Message, On: "sw_interface_span_enable_disable", Since: "26.06",
		What:    "An unknown interface is refused.",
		Why:     "VPP makes an entry beyond its interfaces",
		VPP:     "undefined: VPP takes any number",
		Unsafe:  true,
		Observe: sends("sw_interface_span_enable_disable", "{sw_if_index_from: 77, sw_if_index_to: 0, state: 1}"),
	},
}
