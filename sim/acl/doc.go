// Package acl holds the access lists of VPP's ACL plugin and looks packets up in
// them (src/plugins/acl). A user of the lists, such as ACL-based forwarding, has
// a context: a list of lists that are tried in order.
//
// The package knows packets' headers and rules, and nothing of interfaces and
// nodes. Its user owns the lists; nothing here locks.
package acl
