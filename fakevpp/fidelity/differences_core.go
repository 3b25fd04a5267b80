package fidelity

import (
	"strings"
)

// area is a part of the list.
type area struct {
	title string
	list  []Difference
}

// areas holds the differences.
var areas = []area{
	{"The process", coreDifferences},
	{"Traces and the packet generator", traceDifferences},
	{"Layer 2", l2Differences},
	{"IP", ipDifferences},
	{"Classifier, ACL and ABF", classifyDifferences},
	{"Punt", puntDifferences},
	{"Tunnels", tunnelDifferences},
}

// text observes what the last of some commands prints.
func text(commands ...string) func(*Twin) (string, error) {
	return func(t *Twin) (string, error) { return t.Text(commands...) }
}

// prints observes if the last of some commands prints a word.
func prints(word string, commands ...string) func(*Twin) (string, error) {
	return func(t *Twin) (string, error) {
		out, err := t.CLI(commands...)
		if err != nil || !strings.Contains(out, word) {
			return "no " + word, err
		}
		return word, nil
	}
}

// sends observes the answers to a message after some commands.
func sends(name, fields string, commands ...string) func(*Twin) (string, error) {
	return func(t *Twin) (string, error) {
		if _, err := t.CLI(commands...); err != nil {
			return "", err
		}
		return t.Send(name, fields)
	}
}

// coreDifferences are those of the process as a whole.
var coreDifferences = []Difference{
	{
		Kind: Command, On: "show version", Since: "26.06",
		What: "The double names itself as the builder.",
		Why:  "a log must tell a double from a VPP",
		VPP:  "built by root",
		Observe: func(t *Twin) (string, error) {
			out, err := t.Line("built by", "show version")
			_, rest, _ := strings.Cut(out, "built by ")
			builder, _, _ := strings.Cut(rest, " ")
			return "built by " + builder, err
		},
	},
	{
		Kind: Command, On: "show runtime", Since: "26.06",
		What:    "There are no processes; clocks per packet are 0.",
		Why:     "a double has no main loop: it runs when a packet comes",
		VPP:     "statseg-collector-process",
		Observe: prints("statseg-collector-process", "show runtime max"),
	},
	{
		Kind: Command, On: "show clock", Since: "26.06",
		What: "Verbose shows a processor of 1 GHz.",
		Why:  "time is Go's, which may be virtual",
		VPP:  "another rate",
		Observe: func(t *Twin) (string, error) {
			out, err := t.CLI("show clock verbose")
			_, rest, _ := strings.Cut(out, "clocks/sec ")
			rate, _, _ := strings.Cut(rest, ",")
			if !strings.HasPrefix(rate, "100000000") {
				return "another rate", err
			}
			return rate, err
		},
	},
	{
		Kind: Command, On: "show bihash", Since: "26.06",
		What:    "Only the IPv6 FIB's table has counts, memory is not shown.",
		Why:     "the tables are Go maps",
		VPP:     "bytes: used",
		Observe: prints("bytes: used", "show bihash"),
	},
	{
		Kind: Command, On: "show logging configuration", Since: "26.06",
		What:    "The classes are the double's own.",
		Why:     "classes are those of parts that log",
		VPP:     "segment-manager",
		Observe: prints("segment-manager", "show logging configuration"),
	},
}
