// Package scenarios turns a scenario file into a verdict. A scenario is a topology, unmodified Kubernetes
// manifests and named steps: probes with what is expected of their packets, assertions on what was programmed into
// VPP, changes and waits. Backends (the emulated cluster of package sim/backend, live clusters) execute what the steps ask for; this
// package decides whether what happened is what the scenario's author expected.
//
// It is used by `go test` (Run), by the command line (Execute) and by backends, which implement Backend and Bed.
//
// It must not know how packets are forwarded, how VPP is programmed or which backend runs: whatever it needs to
// know about a run comes through the contract in backend.go, testbed.go, probe.go and path.go.
package scenarios
