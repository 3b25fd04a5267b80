package fidelity

// tunnelDifferences are those of tunnels and of interfaces to other programs.
var tunnelDifferences = []Difference{
	{
		Kind: Command, On: "show vxlan tunnel", Since: "26.06",
		What:    "Raw prints no hash tables.",
		Why:     "the tables are Go maps",
		VPP:     "Hash Table",
		Observe: prints("Hash Table", "show vxlan tunnel raw"),
	},
	{
		Kind: Message, On: "memif_create_v2", Since: "26.06",
		What:    "An unknown mode is refused.",
		Why:     "VPP crashes",
		VPP:     "crashes",
		Unsafe:  true,
		Observe: sends("memif_create_v2", "{mode: 7, ring_size: 1024, buffer_size: 2048}"),
	},
}
