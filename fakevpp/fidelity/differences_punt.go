package fidelity

// puntDifferences are those of packets handed to other programs.
var puntDifferences = []Difference{
	{
		Kind: Message, On: "punt_socket_register", Since: "26.06",
		What:    "A punt of an unknown type is answered.",
		Why:     "a client that waits for an answer must not hang",
		VPP:     "no answer",
		Observe: sends("punt_socket_register", "{header_version: 1, punt: {type: 9}, pathname: \"/tmp/none\"}"),
	},
}
