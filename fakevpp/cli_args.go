package fakevpp

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// cliArgs reads a command's words one after the other, as VPP's unformat does.
type cliArgs struct {
	v     *VPP
	root  *cliNode // of all commands
	words []string
}

// more says if words are left.
func (a *cliArgs) more() bool { return len(a.words) > 0 }

// take takes all words.
func (a *cliArgs) take() []string {
	words := a.words
	a.words = nil
	return words
}

// is takes the next words if they are these.
func (a *cliArgs) is(words ...string) bool {
	if len(a.words) < len(words) {
		return false
	}
	for i, w := range words {
		if a.words[i] != w {
			return false
		}
	}
	a.words = a.words[len(words):]
	return true
}

// word takes the next word; the caller knows that there is one.
func (a *cliArgs) word() string {
	w := a.words[0]
	a.words = a.words[1:]
	return w
}

// text takes a word behind the keyword.
func (a *cliArgs) text(keyword string, to *string) bool {
	if len(a.words) < 2 || a.words[0] != keyword {
		return false
	}
	*to = a.words[1]
	a.words = a.words[2:]
	return true
}

// number takes an unsigned number behind the keyword.
func (a *cliArgs) number(keyword string, to *uint32) bool {
	if len(a.words) < 2 || a.words[0] != keyword {
		return false
	}
	n, err := strconv.ParseUint(a.words[1], 10, 32)
	if err != nil {
		return false
	}
	*to = uint32(n)
	a.words = a.words[2:]
	return true
}

// mac takes an Ethernet address behind the keyword.
func (a *cliArgs) mac(keyword string, to *packet.MAC) bool {
	if len(a.words) < 2 || a.words[0] != keyword {
		return false
	}
	mac, err := packet.ParseMAC(a.words[1])
	if err != nil {
		return false
	}
	*to = mac
	a.words = a.words[2:]
	return true
}

// iface takes the name of an interface.
func (a *cliArgs) iface(to **vnet.Interface) bool {
	if len(a.words) == 0 {
		return false
	}
	i := a.v.dp.InterfaceByName(a.words[0])
	if i == nil {
		return false
	}
	*to = i
	a.words = a.words[1:]
	return true
}

// ifaceOrIndex takes the name of an interface or "sw_if_index" and a number; a
// number without interface leaves to alone.
func (a *cliArgs) ifaceOrIndex(to **vnet.Interface) bool {
	var index uint32
	if a.number("sw_if_index", &index) {
		*to = a.v.dp.Interface(index)
		return true
	}
	return a.iface(to)
}

// rest is what is left, as VPP's format_unformat_error shows it.
func (a *cliArgs) rest() string { return shownInput(strings.Join(a.words, " ")) }

// unknown complains of what is left.
func (a *cliArgs) unknown() error { return fmt.Errorf("unknown input `%s'", a.rest()) }

// parseError complains of what is left in the words of the queue commands.
func (a *cliArgs) parseError() error { return fmt.Errorf("parse error: '%s'", a.rest()) }

// cliText is a complaint in VPP's words.
func cliText(text string) error { return errors.New(text) }

// detailed is an error of the API as VPP's vnet_error shows it: the code's text
// and in parentheses what happened.
func detailed(err error, what string) error {
	var code vnet.APIError
	if !errors.As(err, &code) {
		return err
	}
	return fmt.Errorf("%s (%s)", code.Text(), what)
}
