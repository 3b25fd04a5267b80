// Package backend is the scenario backend `sim`: a whole cluster in one
// process and in virtual time. Each node is a VPP double (package fakevpp), an
// agent (package agent) and a Linux host of the emulated world (package world);
// the Kubernetes API server is client-go's fake, with a kubelet and Multus
// reduced to what networking asks of them.
//
// The runner of package scenarios and the command use it through the contract
// scenarios.Backend. It is the only place where agent, double and world meet;
// none of them knows it.
//
// Everything runs inside a testing/synctest bubble (Within): time passes only
// when every goroutine waits, and a run repeats itself from its seed.
package backend
