package console

import "strings"

// action is what a key does.
type action uint8

const (
	noAction action = iota
	actEnter
	actTab
	actErase
	actEraseRight
	actUp
	actDown
	actLeft
	actRight
	actHome
	actEnd
	actWordLeft
	actWordRight
	actEraseLineLeft
	actEraseLineRight
	actEraseWordLeft
	actClear
	actRevSearch
	actFwdSearch
	actTelnet
	actPagerQuit
	actPagerNext
	actPagerLine // enter
	actPagerDown
	actPagerUp
	actPagerTop
	actPagerBottom
	actPagerPgDown
	actPagerPgUp
	actPagerRedraw
	actPartial // more bytes are needed
	actNone    // a character of its own
)

// key is a byte sequence with its action.
type key struct {
	bytes  string
	action action
}

// lineKeys are the keys of the line editor; "\r\n" has to stand before "\r".
var lineKeys = []key{
	{"\r\n", actEnter}, {"\n", actEnter}, {"\r\x00", actEnter}, {"\r", actEnter},
	{"\x02", actLeft}, {"\x06", actRight}, {"\x10", actUp}, {"\x0e", actDown}, {"\x01", actHome}, {"\x05", actEnd},
	{"\x04", actEraseRight}, {"\x15", actEraseLineLeft}, {"\x0b", actEraseLineRight}, {"\x17", actEraseWordLeft},
	{"\x19", noAction}, {"\x0c", actClear}, {"\x1bb", actWordLeft}, {"\x1bf", actWordRight},
	{"\b", actErase}, {"\x7f", actErase}, {"\t", actTab},
	{"\x1b[A", actUp}, {"\x1b[B", actDown}, {"\x1b[C", actRight}, {"\x1b[D", actLeft}, {"\x1b[H", actHome}, {"\x1b[F", actEnd},
	{"\x1b[3~", actEraseRight}, {"\x1b[1;5D", actWordLeft}, {"\x1b[1;5C", actWordRight},
	{"\x1bOA", actUp}, {"\x1bOB", actDown}, {"\x1bOC", actRight}, {"\x1bOD", actLeft}, {"\x1bOH", actHome}, {"\x1bOF", actEnd},
	{"\x1b[1~", actHome}, {"\x1b[4~", actEnd}, {"\x13", actFwdSearch}, {"\x12", actRevSearch},
	{"\xff", actTelnet}, {"\x00", noAction},
}

// pagerKeys are the keys while there is more to see.
var pagerKeys = []key{
	{"\r\n", actPagerLine}, {"\n", actPagerLine}, {"\r\x00", actPagerLine}, {"\r", actPagerLine},
	{" ", actPagerNext}, {"q", actPagerQuit}, {"\x0c", actPagerRedraw}, {"\x12", actPagerRedraw}, {"/", noAction},
	{"\x1b[A", actPagerUp}, {"\x1b[B", actPagerDown}, {"\x1b[H", actPagerTop}, {"\x1b[F", actPagerBottom},
	{"\x1bOA", actPagerUp}, {"\x1bOB", actPagerDown}, {"\x1bOH", actPagerTop}, {"\x1bOF", actPagerBottom},
	{"\x1b[1~", actPagerTop}, {"\x1b[4~", actPagerBottom}, {"\x1b[5~", actPagerPgUp}, {"\x1b[6~", actPagerPgDown},
	{"\xff", actTelnet}, {"\x00", noAction},
}

// findKey returns what the input starts with. The first key that fits decides;
// one that the input is a part of lets it wait, if none fits.
func findKey(keys []key, input string) (act action, length int) {
	act, length = actNone, 1
	for _, k := range keys {
		switch {
		case strings.HasPrefix(input, k.bytes):
			return k.action, len(k.bytes)
		case strings.HasPrefix(k.bytes, input):
			act = actPartial
		}
	}
	return act, length
}
