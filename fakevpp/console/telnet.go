package console

import "encoding/binary"

// Telnet commands and options (RFC 854, 855, 857, 858, 1073, 1091, 1184).
const (
	telSE, telNOP, telAYT, telGA  = 240, 241, 246, 249
	telSB, telWILL, telWONT       = 250, 251, 252
	telDO, telDONT, telIAC        = 253, 254, 255
	optEcho, optSGA, optTTYPE     = 1, 3, 24
	optNAWS, optLinemode          = 31, 34
	telEOF, telSUSP, telABORT     = 236, 237, 238
	telEOR, telDM, telBreak       = 239, 242, 243
	telIP, telAO, telEC, telErase = 244, 245, 247, 248
)

// telnetOptions switch a client to characters without echo and ask for its
// terminal type and size.
var telnetOptions = []byte{
	telIAC, telWONT, optLinemode, telIAC, telDONT, optLinemode, telIAC, telWILL, optSGA, telIAC, telDO, optSGA,
	telIAC, telWILL, optEcho, telIAC, telDONT, optEcho,
	telIAC, telDO, optTTYPE, telIAC, telSB, optTTYPE, 1, telIAC, telSE,
	telIAC, telDO, optNAWS, telIAC, telSB, optNAWS, 1, telIAC, telSE,
}

// maxTelnet is how far the end of an option is looked for, in bytes
// (UNIX_CLI_MAX_DEPTH_TELNET).
const maxTelnet = 32

// telnet takes a telnet message from the start of b and returns how long it is;
// -1 if it is not yet complete.
func (c *Session) telnet(b []byte) int {
	if len(b) < 2 {
		return -1
	}
	switch b[1] {
	case telWILL, telWONT, telDO, telDONT:
		if len(b) < 3 {
			return -1
		}
		return 3
	case telSB:
		return c.telnetOption(b)
	case telAYT:
		c.print("fd.io VPP\n")
		return 2
	case telIAC, telGA, telErase, telEC, telAO, telIP, telBreak, telDM, telNOP, telSE, telEOR, telABORT, telSUSP, telEOF:
		return 2
	}
	return 1 // unknown: only the IAC
}

// telnetOption takes IAC SB ... IAC SE.
func (c *Session) telnetOption(b []byte) int {
	for i := 3; i < len(b) && i < maxTelnet; i++ {
		if b[i-1] == telIAC && b[i] == telSE {
			if i > 3 { // else the message names no option
				c.option(b[2], b[3:i-1])
			}
			return i + 1
		}
	}
	if len(b) >= maxTelnet {
		return 2
	}
	return -1
}

// option takes what the client says of itself.
func (c *Session) option(option byte, value []byte) {
	switch {
	case option == optTTYPE && len(value) > 0 && value[0] == 0:
		term := string(value[1:])
		c.ansi = ansiCapable(term)
		if nonInteractive(term) {
			c.nonInteractive()
		}
		c.Welcome()
	case option == optTTYPE:
		c.Welcome()
	case option == optNAWS && len(value) == 4:
		c.Resize(int(binary.BigEndian.Uint16(value)), int(binary.BigEndian.Uint16(value[2:])))
	}
}
