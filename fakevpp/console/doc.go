// Package console is the terminal side of VPP's CLI (src/vlib/unix/cli.c): what
// `vppctl`, a telnet client or a person at standard input sees. It has telnet
// negotiation, line editing, history, completion, the pager and the commands
// that concern a session alone.
//
// A Session turns bytes received into bytes to send and knows nothing of
// sockets or of VPP: what commands do comes in as a function.
package console
