package fidelity

// pgSetup makes a packet generator interface that is up and traced.
var pgSetup = []string{
	"create packet-generator interface pg0 hw-addr 02:00:00:00:00:01",
	"set interface state pg0 up",
	"set interface ip address pg0 10.0.0.1/24",
}

// after appends commands to those of a set-up.
func after(setup []string, commands ...string) []string {
	return append(append([]string(nil), setup...), commands...)
}

// traceDifferences are those of what watches and makes packets.
var traceDifferences = []Difference{
	{
		Kind: Command, On: "packet-generator new", Since: "26.06",
		What: "A stream cannot describe MPLS.",
		Why:  "streams describe what the data plane takes: Ethernet, ARP, IP, ICMP, UDP and TCP",
		VPP:  "a stream",
		Observe: func(t *Twin) (string, error) {
			_, err := t.CLI(after(pgSetup, "packet-generator new { name s limit 1 size 64-64 interface pg0 node ethernet-input "+
				"data { MPLS_UNICAST: 2.2.2 -> 1.1.1 MPLS: label 33 exp 0 s 1 ttl 64 incrementing 30 } }")...)
			if err != nil {
				return "", err
			}
			out, err := t.Line("s ", "show packet-generator")
			if out == "" {
				return "no stream", err
			}
			return "a stream", err
		},
	},
	{
		Kind: Message, On: "pg_create_interface_v3", Since: "26.06",
		What:    "An unknown mode is refused.",
		Why:     "VPP goes on without a device",
		VPP:     "undefined: an interface without a device",
		Unsafe:  true,
		Observe: sends("pg_create_interface_v3", "{interface_id: 7, mode: 9}"),
	},
}
