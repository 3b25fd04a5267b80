package fidelity

// classifyDifferences are those of the classifier and what stands on it.
var classifyDifferences = []Difference{
	{
		Kind: Message, On: "abf_itf_attach_add_del", Since: "26.06",
		What:    "An unknown policy is refused.",
		Why:     "VPP crashes",
		VPP:     "crashes",
		Unsafe:  true,
		Observe: sends("abf_itf_attach_add_del", "{is_add: true, attach: {policy_id: 99, sw_if_index: 1}}", "create loopback interface"),
	},
	{
		Kind: Message, On: "classify_pcap_set_table", Since: "26.06",
		What:    "An interface that does not exist is refused.",
		Why:     "VPP reads beyond its tables",
		VPP:     "undefined: memory that is not its own",
		Unsafe:  true,
		Observe: sends("classify_pcap_set_table", "{sw_if_index: 99, table_index: 0}"),
	},
	{
		Kind: Message, On: "classify_add_del_table", Since: "26.06",
		What:    "More than 2^24 buckets are refused.",
		Why:     "a table that cannot be used is refused at once",
		VPP:     "undefined: fails later",
		Unsafe:  true,
		Observe: sends("classify_add_del_table", "{is_add: true, table_index: 4294967295, nbuckets: 67108864, memory_size: 2097152, match_n_vectors: 1, mask: 00000000000000000000000000000001}"),
	},
	{
		Kind: Message, On: "flow_classify_dump", Since: "26.06",
		What: "A dump for one interface above the first gives that interface's table.",
		Why:  "VPP takes the address of its entry for a vector",
		VPP:  "undefined: reads from the middle of a vector", Unsafe: true,
		Observe: sends("flow_classify_dump", "{type: 0, sw_if_index: 1}", "create loopback interface", "classify table mask l3 ip4 src buckets 2",
			"set flow classify interface loop0 ip4-table 0"),
	},
	{
		Kind: Command, On: "classify session", Since: "26.06",
		What: "Deleting without a match is refused.",
		Why:  "VPP reads address 0",
		VPP:  "crashes", Unsafe: true,
		Observe: text("classify table mask l3 ip4 src buckets 2", "classify session del table-index 0"),
	},
}
