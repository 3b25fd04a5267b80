package fidelity

// traceDifferences are those of what watches and makes packets.
var traceDifferences = []Difference{
	{
		Kind: Message, On: "pg_create_interface_v3", Since: "26.06",
		What:    "An unknown mode is refused.",
		Why:     "VPP goes on without a device",
		VPP:     "undefined: an interface without a device",
		Unsafe:  true,
		Observe: sends("pg_create_interface_v3", "{interface_id: 7, mode: 9}"),
	},
}
