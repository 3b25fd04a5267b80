// Package fidelity holds the list of where the double and VPP differ, and
// renders it: docs/fidelity.md is its output. Three states exist for every
// message, CLI command and data-plane feature of VPP: as VPP, differs, absent.
//
// What is absent is read off the double itself. What differs is a Difference:
// data with a check that observes the double. The check must not see what VPP
// does; when it does, the difference is gone, the test of this package fails,
// and the entry has to go, too.
//
// To add a difference, put it into one of the lists in differences_*.go and run
// `make fidelity`. The package is used by that command and by its tests only.
package fidelity
